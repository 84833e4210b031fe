-- Parquet files that hold deleted rows. A row here commits together with the DELETE, and views read only
-- the files named here: whatever is killed when, each record shows exactly once.
CREATE TABLE IF NOT EXISTS otel.archives (
    -- As the views are called: spans for otel.all_spans.
    table_name VARCHAR,
    -- The day (UTC) that the file's rows belong to, as in its path.
    date DATE,
    -- The archive's folder: relative to the database's where it lies inside that one, so that both can be
    -- moved together; absolute otherwise.
    folder VARCHAR,
    -- The file inside that folder.
    file VARCHAR,
    -- The folder of the database at that time: where a copy of the database elsewhere finds the files.
    base VARCHAR,
    rows UBIGINT,
    bytes UBIGINT,
    archived_at TIMESTAMP
);

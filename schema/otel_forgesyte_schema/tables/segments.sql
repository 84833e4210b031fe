-- The ledger: segments already in the database. Its row commits together with the segment's own rows,
-- so a drainer killed between COMMIT and unlink finds it here and does not ingest the segment twice.
-- (Without a ledger a retry duplicates: a COMMIT can be durable and still raise.)
CREATE TABLE IF NOT EXISTS otel.segments (
    -- The segment's file name without its folder; it carries process, writer and sequence number.
    segment VARCHAR,
    signal VARCHAR,
    -- Lines in the segment: stored + dead, always.
    lines UBIGINT,
    stored UBIGINT,
    -- Lines set aside in the dead-letter folder.
    dead UBIGINT,
    ingested_at TIMESTAMP
);

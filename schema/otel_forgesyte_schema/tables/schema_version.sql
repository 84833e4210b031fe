-- Which schema this database has. One row per version it ever had; the highest counts.
CREATE TABLE IF NOT EXISTS otel.schema_version (
    -- Counts changes of the schema, not releases: most releases change nothing here.
    version INTEGER,
    -- Naive UTC.
    applied_at TIMESTAMP,
    -- The package that did it: "which release wrote this" is the first question in a bug report.
    package_version VARCHAR
);

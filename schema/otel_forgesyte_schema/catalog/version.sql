-- The version the current database is stamped with: rows are only ever added, the highest counts.
SELECT max(version) FROM otel.schema_version;

-- Record that a version was reached, and by which package: parameters in this order.
INSERT INTO otel.schema_version (version, applied_at, package_version)
VALUES (?, now() AT TIME ZONE 'UTC', ?);

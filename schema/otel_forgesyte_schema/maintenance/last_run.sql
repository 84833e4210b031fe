-- When retention last ran; in a database where it never did, when that was created.
SELECT coalesce(
    (SELECT max(ran_at) FROM otel.housekeeping WHERE task = 'retention'),
    (SELECT max(applied_at) FROM otel.schema_version)
);

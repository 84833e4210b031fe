-- Every row of device_usage there ever was: those in the table and, once rows were archived,
-- those in Parquet (archives.py then reads both here). Columns by name: with a star, a column that a user
-- adds to the table would break this view and all that read it.
CREATE OR REPLACE VIEW otel.all_device_usage AS
SELECT
    id,
    job_id,
    device_requested,
    device_used,
    fallback,
    created_at
FROM device_usage;

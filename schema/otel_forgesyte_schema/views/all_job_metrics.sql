-- Every row of job_metrics there ever was: those in the table and, once rows were archived,
-- those in Parquet (archives.py then reads both here). Columns by name: with a star, a column that a user
-- adds to the table would break this view and all that read it.
CREATE OR REPLACE VIEW otel.all_job_metrics AS
SELECT
    id,
    job_id,
    plugin,
    device,
    status,
    duration_ms,
    created_at,
    completed_at,
    error_message
FROM job_metrics;

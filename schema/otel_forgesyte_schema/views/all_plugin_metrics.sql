-- Every row of plugin_metrics there ever was: those in the table and, once rows were archived,
-- those in Parquet (archives.py then reads both here). Columns by name: with a star, a column that a user
-- adds to the table would break this view and all that read it.
CREATE OR REPLACE VIEW otel.all_plugin_metrics AS
SELECT
    id,
    job_id,
    plugin,
    tool,
    duration_ms,
    success,
    created_at
FROM plugin_metrics;

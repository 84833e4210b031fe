-- spans → plugin_metrics: one row per finished execution.
INSERT INTO plugin_metrics BY NAME
SELECT
    span_uuid(start_time_unix_nano, trace_id, span_id) AS id,
    coalesce(job_id, 'unspecified') AS job_id,
    coalesce(plugin, name, 'unspecified') AS plugin,
    tool,
    coalesce(whole_ms(end_time_unix_nano - start_time_unix_nano), 0) AS duration_ms,
    -- Raised or returned, a failure is a failure.
    NOT (coalesce(status_code = 'ERROR', false) OR coalesce(soft_error, false)) AS success,
    utc_timestamp(coalesce(start_time_unix_nano, 0)) AS created_at
FROM segment_spans
WHERE operation = 'plugin' AND end_time_unix_nano IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY id) = 1
-- A segment ingested a second time changes nothing.
ON CONFLICT DO NOTHING;

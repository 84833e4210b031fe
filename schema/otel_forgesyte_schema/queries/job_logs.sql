-- The log records and events of one job, in order: $job_id.
SELECT
    coalesce(time_unix_nano, observed_time_unix_nano) AS time,
    severity_text,
    event_name,
    -- The plain text of a string body; any other value as JSON.
    body ->> '$' AS body,
    plugin,
    error_type,
    attributes,
    trace_id,
    span_id
FROM otel.logs
WHERE job_id = $job_id
ORDER BY time, span_id;

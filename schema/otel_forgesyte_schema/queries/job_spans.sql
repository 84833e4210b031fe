-- The spans of one job, in the order they began: $job_id. Third-party spans below it are included,
-- because every span under a job carries its id.
SELECT
    trace_id,
    span_id,
    parent_span_id,
    name,
    kind,
    start_time_unix_nano AS start_time,
    duration_ns,
    status_code,
    status_message,
    plugin,
    tool,
    device,
    error_type,
    attributes,
    scope_name
FROM otel.spans
WHERE job_id = $job_id
ORDER BY start_time_unix_nano, span_id;

-- Warnings and worse, the latest first.
SELECT
    observed_time_unix_nano::TIMESTAMP AS logged_at,
    severity_text,
    coalesce(event_name, body ->> '$') AS said,
    job_id,
    plugin,
    error_type
FROM otel.all_logs
WHERE severity_number >= 13
    AND $__timeFilter(observed_time_unix_nano) AND service_name IN [${service:sqlstring}]
ORDER BY logged_at DESC
LIMIT 100;

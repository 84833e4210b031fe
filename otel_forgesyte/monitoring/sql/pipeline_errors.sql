-- Each fault once, with how often, in how many jobs and when last: what to repair first.
SELECT
    plugin,
    error_type,
    count(*) AS errors,
    count(DISTINCT job_id) AS jobs,
    max(observed_time_unix_nano)::TIMESTAMP AS last_at,
    arg_max(attributes ->> '$."exception.message"', observed_time_unix_nano) AS last_message,
    arg_max(job_id, observed_time_unix_nano) AS last_job_id
FROM otel.all_logs
WHERE event_name = 'exception' AND $__timeFilter(observed_time_unix_nano)
GROUP BY ALL
ORDER BY errors DESC, error_type;

SELECT
    time_bucket(to_milliseconds($__interval_ms), observed_time_unix_nano::TIMESTAMP) AS time,
    coalesce(error_type, 'unknown') AS metric,
    count(*) AS errors
FROM otel.all_logs
WHERE event_name = 'exception' AND $__timeFilter(observed_time_unix_nano)
GROUP BY ALL
ORDER BY time;

SELECT
    time_bucket(to_milliseconds($__interval_ms), created_at) AS time,
    device_requested AS metric,
    count(*) FILTER (WHERE fallback) / count(*) AS share
FROM otel.all_device_usage
WHERE $__timeFilter(created_at)
GROUP BY ALL
ORDER BY time;

SELECT
    time_bucket(to_milliseconds($__interval_ms), created_at) AS time,
    device_requested || ' to ' || device_used AS metric,
    count(*) AS fallbacks
FROM otel.all_device_usage
WHERE fallback AND $__timeFilter(created_at)
GROUP BY ALL
ORDER BY time;

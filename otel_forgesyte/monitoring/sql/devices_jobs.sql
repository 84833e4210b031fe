SELECT
    time_bucket(to_milliseconds($__interval_ms), created_at) AS time,
    device AS metric,
    count(*) AS jobs
FROM otel.all_job_metrics
WHERE $__timeFilter(created_at)
GROUP BY ALL
ORDER BY time;

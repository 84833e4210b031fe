SELECT
    time_bucket(to_milliseconds($__interval_ms), created_at) AS time,
    quantile_cont(duration_ms, 0.5) AS p50,
    quantile_cont(duration_ms, 0.95) AS p95,
    quantile_cont(duration_ms, 0.99) AS p99
FROM otel.all_job_metrics
WHERE duration_ms IS NOT NULL AND $__timeFilter(created_at) AND plugin IN [${plugin:sqlstring}]
GROUP BY ALL
ORDER BY time;

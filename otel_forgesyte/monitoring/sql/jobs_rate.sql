SELECT
    time_bucket(to_milliseconds($__interval_ms), created_at) AS time,
    plugin || ' ' || status AS metric,
    count(*) AS jobs
FROM otel.all_job_metrics
WHERE $__timeFilter(created_at) AND plugin IN [${plugin:sqlstring}]
GROUP BY ALL
ORDER BY time;

SELECT
    time_bucket(to_milliseconds($__interval_ms), created_at) AS time,
    plugin AS metric,
    count(*) FILTER (WHERE status = 'error') / count(*) AS share
FROM otel.all_job_metrics
WHERE completed_at IS NOT NULL AND status <> 'cancelled' AND $__timeFilter(created_at) AND plugin IN [${plugin:sqlstring}]
GROUP BY ALL
ORDER BY time;

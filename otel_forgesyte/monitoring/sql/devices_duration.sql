-- Whether the device that was fallen back on is the slower one, by what the job runs.
SELECT
    plugin,
    device,
    count(*) AS jobs,
    quantile_cont(duration_ms, 0.5) AS p50_ms,
    quantile_cont(duration_ms, 0.95) AS p95_ms
FROM otel.all_job_metrics
WHERE duration_ms IS NOT NULL AND $__timeFilter(created_at)
GROUP BY ALL
ORDER BY plugin, device;

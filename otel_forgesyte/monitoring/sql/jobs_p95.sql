-- The duration that 95 of 100 ended jobs did not exceed.
SELECT quantile_cont(duration_ms, 0.95) AS p95
FROM otel.all_job_metrics
WHERE $__timeFilter(created_at) AND plugin IN [${plugin:sqlstring}];

SELECT created_at, job_id, plugin, device, duration_ms, error_message
FROM otel.all_job_metrics
WHERE status = 'error' AND $__timeFilter(created_at) AND plugin IN [${plugin:sqlstring}]
ORDER BY created_at DESC, job_id
LIMIT 100;

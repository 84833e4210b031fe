-- The plugin executions of one job, in the order they began: $job_id.
SELECT
    plugin,
    tool,
    duration_ms,
    success,
    created_at
FROM plugin_metrics
WHERE job_id = $job_id
-- The key starts with the time and settles ties, so the order is the same at every call.
ORDER BY created_at, id;

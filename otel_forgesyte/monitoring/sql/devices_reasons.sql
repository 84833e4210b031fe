SELECT
    device_requested,
    device_used,
    reason,
    count(*) AS fallbacks,
    max(created_at) AS last_at,
    arg_max(job_id, created_at) AS last_job_id
FROM otel.device_decisions
WHERE fallback AND $__timeFilter(created_at)
GROUP BY ALL
ORDER BY fallbacks DESC, reason;

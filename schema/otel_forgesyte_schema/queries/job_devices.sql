-- The device decisions of one job with their reasons, in order: $job_id.
SELECT
    device_requested,
    device_used,
    fallback,
    plugin,
    reason,
    created_at
FROM otel.device_decisions
WHERE job_id = $job_id
ORDER BY created_at, id;

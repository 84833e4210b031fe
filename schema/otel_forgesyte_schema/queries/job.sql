-- The row of one job: $job_id.
SELECT
    job_id,
    plugin,
    device,
    status,
    duration_ms,
    created_at,
    completed_at,
    error_message
FROM job_metrics
WHERE job_id = $job_id;

-- The $limit jobs begun last, the latest first; of one status only where $status is not null.
SELECT
    job_id,
    plugin,
    device,
    status,
    created_at,
    duration_ms,
    error_message
FROM job_metrics
WHERE $status::VARCHAR IS NULL OR status = $status::VARCHAR
-- The id settles ties, so the order is the same at every call.
ORDER BY created_at DESC, job_id
LIMIT $limit;

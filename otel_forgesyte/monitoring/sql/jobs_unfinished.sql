-- The oldest first: a job whose process died stays here, and only its age gives it away.
SELECT
    job_id,
    plugin,
    device,
    status,
    created_at,
    epoch(now() AT TIME ZONE 'UTC' - created_at) AS age_s
FROM job_metrics
WHERE completed_at IS NULL AND plugin IN [${plugin:sqlstring}]
ORDER BY created_at, job_id
LIMIT 100;

-- Jobs that have not ended, whenever they began.
SELECT count(*) AS jobs
FROM job_metrics
WHERE completed_at IS NULL AND plugin IN [${plugin:sqlstring}];

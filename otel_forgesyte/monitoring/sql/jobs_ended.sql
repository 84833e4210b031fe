-- Jobs that began in the time shown and have ended.
SELECT count(*) AS jobs
FROM otel.all_job_metrics
WHERE completed_at IS NOT NULL AND $__timeFilter(created_at) AND plugin IN [${plugin:sqlstring}];

-- queries/job_summary.sql of the schema package, in SQLite's words.
SELECT plugin, status, count(*) AS jobs, avg(duration_ms) AS avg_duration_ms, max(created_at) AS last_created_at
FROM job_metrics
GROUP BY plugin, status
ORDER BY plugin, status;

-- One for each job, as the projection leaves them.
INSERT INTO otel.job_keys
SELECT job_key(job_id), id
FROM job_metrics
ORDER BY created_at;

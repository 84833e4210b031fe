-- Keys for job rows that have none: a database whose job_metrics was filled before this package came.
-- The hash is written out, as tables are created on connections that have no temporary macros.
INSERT INTO otel.job_keys (job_key, id)
SELECT md5_number_lower(job_id), id
FROM job_metrics
WHERE id NOT IN (SELECT id FROM otel.job_keys WHERE id IS NOT NULL);

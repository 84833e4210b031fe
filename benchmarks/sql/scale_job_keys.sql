-- And where they are.
INSERT INTO otel.job_keys
SELECT job_key(job_id), record_uuid(unix_nano, digest)
FROM portion;

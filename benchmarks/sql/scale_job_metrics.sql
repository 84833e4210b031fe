-- The portion's rows of job_metrics, as the projection leaves them.
INSERT INTO job_metrics BY NAME
SELECT
    record_uuid(unix_nano, digest) AS id,
    job_id,
    'photo' AS plugin,
    'cpu' AS device,
    CASE WHEN failed THEN 'error' ELSE 'done' END AS status,
    number * 4 * 2654435761 % 100003 // 1000 AS duration_ms,
    utc_timestamp(unix_nano) AS created_at,
    utc_timestamp(unix_nano + number * 4 * 2654435761 % 100003 * 1000) AS completed_at,
    CASE WHEN failed THEN 'ValueError: no face in this picture' END AS error_message
FROM portion;

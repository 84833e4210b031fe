-- $rows jobs, ten a second; every fiftieth is still running. The same arithmetic as in sqlite_job_metrics.sql.
INSERT INTO job_metrics
SELECT
    digest_uuid(1767225600000000000 + i * 100000000, printf('job-%d', i)) AS id,
    printf('job-%010d', i) AS job_id,
    printf('plugin-%02d', (i * 7919) % 12) AS plugin,
    CASE WHEN (i * 31) % 10 < 7 THEN 'gpu' ELSE 'cpu' END AS device,
    CASE WHEN i % 50 = 0 THEN 'running' WHEN (i * 31) % 97 = 0 THEN 'error' ELSE 'done' END AS status,
    CASE WHEN i % 50 <> 0 THEN (i * 2654435761) % 100003 % 5000 END AS duration_ms,
    make_timestamp(1767225600000000 + i * 100000) AS created_at,
    CASE WHEN i % 50 <> 0 THEN make_timestamp(1767225600000000 + i * 100000 + 5000000) END AS completed_at,
    CASE WHEN i % 50 <> 0 AND (i * 31) % 97 = 0 THEN 'ValueError: no face in this picture' END AS error_message
FROM range($rows) AS numbers (i);

-- $rows executions, one a job.
INSERT INTO plugin_metrics
SELECT
    digest_uuid(1767225600000000000 + i * 100000000, printf('plugin-%d', i)) AS id,
    printf('job-%010d', i) AS job_id,
    printf('plugin-%02d', (i * 7919) % 12) AS plugin,
    CASE WHEN i % 3 > 0 THEN printf('tool-%d', i % 3) END AS tool,
    (i * 2654435761) % 100003 % 5000 AS duration_ms,
    (i * 31) % 97 <> 0 AS success,
    make_timestamp(1767225600000000 + i * 100000) AS created_at
FROM range($rows) AS numbers (i);

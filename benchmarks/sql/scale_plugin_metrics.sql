-- The portion's rows of plugin_metrics, in the order of their keys.
INSERT INTO plugin_metrics BY NAME
SELECT
    record_uuid(unix_nano + part * 10000000, digest) AS id,
    job_id,
    concat('plugin-', 10 + (number * 3 + part) % 12) AS plugin,
    'run' AS tool,
    (number * 4 + part) * 2654435761 % 100003 // 1000 AS duration_ms,
    true AS success,
    utc_timestamp(unix_nano + part * 10000000) AS created_at
FROM (SELECT *, unnest([1, 2, 3]) AS part FROM portion);

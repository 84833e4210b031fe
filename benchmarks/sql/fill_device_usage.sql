-- A decision for each of $rows jobs.
INSERT INTO device_usage
SELECT
    digest_uuid(1767225600000000000 + i * 100000000, printf('device-%d', i)) AS id,
    printf('job-%010d', i) AS job_id,
    CASE WHEN (i * 31) % 10 < 7 THEN 'gpu' ELSE 'cpu' END AS device_requested,
    CASE WHEN (i * 31) % 10 < 6 THEN 'gpu' ELSE 'cpu' END AS device_used,
    (i * 31) % 10 = 6 AS fallback,
    make_timestamp(1767225600000000 + i * 100000) AS created_at
FROM range($rows) AS numbers (i);

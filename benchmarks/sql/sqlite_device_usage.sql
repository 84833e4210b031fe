-- The rows of fill_device_usage.sql.
CREATE TABLE device_usage (
    id INTEGER PRIMARY KEY,
    job_id TEXT NOT NULL,
    device_requested TEXT NOT NULL,
    device_used TEXT NOT NULL,
    fallback INTEGER NOT NULL,
    created_at INTEGER NOT NULL
);
WITH RECURSIVE numbers (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM numbers LIMIT $rows)
INSERT INTO device_usage
SELECT
    i,
    printf('job-%010d', i),
    CASE WHEN (i * 31) % 10 < 7 THEN 'gpu' ELSE 'cpu' END,
    CASE WHEN (i * 31) % 10 < 6 THEN 'gpu' ELSE 'cpu' END,
    (i * 31) % 10 = 6,
    1767225600000000 + i * 100000
FROM numbers;
CREATE INDEX device_usage_stats ON device_usage (device_requested, device_used, job_id, fallback);

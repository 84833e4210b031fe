-- The rows of fill_job_metrics.sql. Keys and times are integers, which SQLite stores and compares fastest.
CREATE TABLE job_metrics (
    id INTEGER PRIMARY KEY,
    job_id TEXT NOT NULL,
    plugin TEXT NOT NULL,
    device TEXT NOT NULL,
    status TEXT NOT NULL,
    duration_ms INTEGER,
    created_at INTEGER NOT NULL,
    completed_at INTEGER,
    error_message TEXT
);
WITH RECURSIVE numbers (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM numbers LIMIT $rows)
INSERT INTO job_metrics
SELECT
    i,
    printf('job-%010d', i),
    printf('plugin-%02d', (i * 7919) % 12),
    CASE WHEN (i * 31) % 10 < 7 THEN 'gpu' ELSE 'cpu' END,
    CASE WHEN i % 50 = 0 THEN 'running' WHEN (i * 31) % 97 = 0 THEN 'error' ELSE 'done' END,
    CASE WHEN i % 50 <> 0 THEN (i * 2654435761) % 100003 % 5000 END,
    1767225600000000 + i * 100000,
    CASE WHEN i % 50 <> 0 THEN 1767225600000000 + i * 100000 + 5000000 END,
    CASE WHEN i % 50 <> 0 AND (i * 31) % 97 = 0 THEN 'ValueError: no face in this picture' END
FROM numbers;
-- Everything the question asks for, in the order in which it groups: the table itself is never read.
CREATE INDEX job_summary ON job_metrics (plugin, status, duration_ms, created_at);

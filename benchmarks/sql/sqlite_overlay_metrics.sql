-- The rows of fill_overlay_metrics.sql.
CREATE TABLE overlay_metrics (
    id INTEGER PRIMARY KEY,
    job_id TEXT NOT NULL,
    frame_index INTEGER NOT NULL,
    render_time_ms INTEGER NOT NULL,
    dropped_frames INTEGER DEFAULT 0,
    fps REAL,
    created_at INTEGER NOT NULL
);
WITH RECURSIVE numbers (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM numbers LIMIT $rows)
INSERT INTO overlay_metrics
SELECT
    i,
    printf('job-%010d', i / 100),
    i % 100,
    (i * 2654435761) % 100003 % 30,
    (i * 31) % 97 / 96,
    25 + i % 6,
    1767225600000000 + i * 10000
FROM numbers;
CREATE INDEX overlay_performance ON overlay_metrics (job_id, frame_index, created_at);

-- The rows of fill_plugin_metrics.sql.
CREATE TABLE plugin_metrics (
    id INTEGER PRIMARY KEY,
    job_id TEXT NOT NULL,
    plugin TEXT NOT NULL,
    tool TEXT,
    duration_ms INTEGER NOT NULL,
    success INTEGER NOT NULL,
    created_at INTEGER NOT NULL
);
WITH RECURSIVE numbers (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM numbers LIMIT $rows)
INSERT INTO plugin_metrics
SELECT
    i,
    printf('job-%010d', i),
    printf('plugin-%02d', (i * 7919) % 12),
    CASE WHEN i % 3 > 0 THEN printf('tool-%d', i % 3) END,
    (i * 2654435761) % 100003 % 5000,
    (i * 31) % 97 <> 0,
    1767225600000000 + i * 100000
FROM numbers;
-- Sorted by duration within plugin and tool: a quantile is found by its position, without a sort.
CREATE INDEX plugin_duration ON plugin_metrics (plugin, tool, duration_ms, success);

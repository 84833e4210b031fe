-- queries/plugin_duration.sql in SQLite's words. It has no quantile: runs are counted by duration, in the order of
-- the index, and a quantile is where the running count passes its position. One pass over the index and a sum over
-- few rows; a window function over all runs took several times as long.
WITH tally AS (
    SELECT plugin, tool, duration_ms, count(*) AS runs, sum(NOT success) AS failures
    FROM plugin_metrics
    GROUP BY plugin, tool, duration_ms
),

running AS (
    SELECT
        *,
        sum(runs) OVER (PARTITION BY plugin, tool ORDER BY duration_ms) AS upto,
        sum(runs) OVER (PARTITION BY plugin, tool) - 1 AS last
    FROM tally
),

-- The two neighbours of each quantile.
found AS (
    SELECT
        plugin,
        tool,
        last,
        sum(failures) AS failures,
        CAST(sum(runs * duration_ms) AS REAL) / (last + 1) AS avg_ms,
        max(duration_ms) AS max_ms,
        min(duration_ms) FILTER (WHERE upto > CAST(0.5 * last AS INTEGER)) AS low_50,
        min(duration_ms) FILTER (WHERE upto > ceil(0.5 * last)) AS high_50,
        min(duration_ms) FILTER (WHERE upto > CAST(0.95 * last AS INTEGER)) AS low_95,
        min(duration_ms) FILTER (WHERE upto > ceil(0.95 * last)) AS high_95,
        min(duration_ms) FILTER (WHERE upto > CAST(0.99 * last AS INTEGER)) AS low_99,
        min(duration_ms) FILTER (WHERE upto > ceil(0.99 * last)) AS high_99
    FROM running
    GROUP BY plugin, tool
)

SELECT
    plugin,
    tool,
    last + 1 AS runs,
    failures,
    avg_ms,
    low_50 + (high_50 - low_50) * (0.5 * last - CAST(0.5 * last AS INTEGER)) AS p50_ms,
    low_95 + (high_95 - low_95) * (0.95 * last - CAST(0.95 * last AS INTEGER)) AS p95_ms,
    low_99 + (high_99 - low_99) * (0.99 * last - CAST(0.99 * last AS INTEGER)) AS p99_ms,
    max_ms
FROM found
ORDER BY plugin, tool NULLS FIRST;

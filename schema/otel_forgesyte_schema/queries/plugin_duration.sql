-- How long each plugin tool takes, and how often it fails.
-- From whole milliseconds, as plugin_metrics has them: a tool that takes 0.4 ms shows 0 throughout, and
-- sampling hides no run. Exact times, of the runs the sampler kept, are in otel.plugin_runs.
WITH durations AS (
    SELECT
        plugin,
        tool,
        count(*) AS runs,
        count(*) FILTER (WHERE NOT success) AS failures,
        avg(duration_ms) AS avg_ms,
        -- Exact quantiles: 10 M rows take 0.2 s, so an approximation would buy nothing. In one call: each
        -- call keeps all values for itself, and three took half as long again.
        quantile_cont(duration_ms, [0.5, 0.95, 0.99]) AS quantiles,
        max(duration_ms) AS max_ms
    FROM plugin_metrics
    GROUP BY ALL
)

SELECT
    plugin,
    tool,
    runs,
    failures,
    avg_ms,
    quantiles[1] AS p50_ms,
    quantiles[2] AS p95_ms,
    quantiles[3] AS p99_ms,
    max_ms
FROM durations
ORDER BY plugin, tool NULLS FIRST;

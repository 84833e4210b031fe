-- How long each plugin tool takes, and how often it fails.
-- From whole milliseconds, as plugin_metrics has them: a tool that takes 0.4 ms shows 0 throughout, and
-- sampling hides no run. Exact times, of the runs the sampler kept, are in otel.plugin_runs.
SELECT
    plugin,
    tool,
    count(*) AS runs,
    count(*) FILTER (WHERE NOT success) AS failures,
    avg(duration_ms) AS avg_ms,
    -- Exact quantiles: 10 M rows take 0.2 s, so an approximation would buy nothing.
    quantile_cont(duration_ms, 0.5) AS p50_ms,
    quantile_cont(duration_ms, 0.95) AS p95_ms,
    quantile_cont(duration_ms, 0.99) AS p99_ms,
    max(duration_ms) AS max_ms
FROM plugin_metrics
GROUP BY ALL
ORDER BY plugin, tool NULLS FIRST;

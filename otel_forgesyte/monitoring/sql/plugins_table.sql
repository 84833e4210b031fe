SELECT
    plugin,
    tool,
    count(*) AS runs,
    count(*) FILTER (WHERE NOT success) / count(*) AS failed_share,
    avg(duration_ms) AS avg_ms,
    quantile_cont(duration_ms, 0.5) AS p50_ms,
    quantile_cont(duration_ms, 0.95) AS p95_ms,
    quantile_cont(duration_ms, 0.99) AS p99_ms
FROM otel.all_plugin_metrics
WHERE $__timeFilter(created_at) AND plugin IN [${plugin:sqlstring}]
GROUP BY ALL
ORDER BY sum(duration_ms) DESC, plugin, tool;

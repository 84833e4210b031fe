-- The time shown against as long a time before it: what became slower, the most first.
SELECT
    plugin,
    tool,
    count(*) FILTER (WHERE created_at >= epoch_ms(${__from})) AS runs,
    quantile_cont(duration_ms, 0.95) FILTER (WHERE created_at < epoch_ms(${__from})) AS p95_ms_before,
    quantile_cont(duration_ms, 0.95) FILTER (WHERE created_at >= epoch_ms(${__from})) AS p95_ms,
    p95_ms / nullif(p95_ms_before, 0) AS times
FROM otel.all_plugin_metrics
WHERE created_at BETWEEN epoch_ms(2 * ${__from} - ${__to}) AND epoch_ms(${__to})
GROUP BY ALL
ORDER BY times DESC NULLS LAST, plugin, tool;

SELECT
    time_bucket(to_milliseconds($__interval_ms), created_at) AS time,
    concat_ws('.', plugin, tool) AS metric,
    quantile_cont(duration_ms, 0.95) AS p95
FROM otel.all_plugin_metrics
WHERE $__timeFilter(created_at) AND plugin IN [${plugin:sqlstring}]
GROUP BY ALL
ORDER BY time;

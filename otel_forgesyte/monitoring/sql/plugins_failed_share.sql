-- Raised and returned failures alike.
SELECT
    time_bucket(to_milliseconds($__interval_ms), created_at) AS time,
    concat_ws('.', plugin, tool) AS metric,
    count(*) FILTER (WHERE NOT success) / count(*) AS share
FROM otel.all_plugin_metrics
WHERE $__timeFilter(created_at) AND plugin IN [${plugin:sqlstring}]
GROUP BY ALL
ORDER BY time;

-- Where the time goes: all that the runs begun in each interval took.
SELECT
    time_bucket(to_milliseconds($__interval_ms), created_at) AS time,
    concat_ws('.', plugin, tool) AS metric,
    sum(duration_ms)::BIGINT AS busy
FROM otel.all_plugin_metrics
WHERE $__timeFilter(created_at) AND plugin IN [${plugin:sqlstring}]
GROUP BY ALL
ORDER BY time;

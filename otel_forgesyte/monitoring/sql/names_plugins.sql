SELECT DISTINCT plugin
FROM (
    SELECT plugin FROM otel.all_job_metrics
    UNION ALL
    SELECT plugin FROM otel.all_plugin_metrics
)
ORDER BY plugin;

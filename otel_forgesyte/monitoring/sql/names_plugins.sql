-- Those of the time shown, and of jobs that have not ended whenever they began. Grafana asks again at
-- each refresh, so it must not read the whole database.
SELECT DISTINCT plugin
FROM (
    SELECT plugin FROM otel.all_job_metrics WHERE $__timeFilter(created_at)
    UNION ALL
    SELECT plugin FROM otel.all_plugin_metrics WHERE $__timeFilter(created_at)
    UNION ALL
    SELECT plugin FROM otel.summaries WHERE $__timeFilter(minute)
    UNION ALL
    SELECT plugin FROM job_metrics WHERE completed_at IS NULL
)
ORDER BY plugin;

-- Tools that sometimes fail and sometimes do not, and how often that changed from run to run: what
-- always fails is broken, what changes often is flaky.
WITH runs AS (
    SELECT
        plugin,
        tool,
        success,
        success <> lag(success) OVER (PARTITION BY plugin, tool ORDER BY created_at, id) AS changed
    FROM otel.all_plugin_metrics
    WHERE $__timeFilter(created_at)
)

SELECT
    plugin,
    tool,
    count(*) AS runs,
    count(*) FILTER (WHERE NOT success) AS failures,
    count(*) FILTER (WHERE changed) AS changes
FROM runs
GROUP BY ALL
HAVING bool_or(success) AND bool_or(NOT success)
ORDER BY changes DESC, plugin, tool;

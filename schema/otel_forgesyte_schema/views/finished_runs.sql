-- Jobs and plugin executions that have ended, as otel.summaries counts them.
--
-- The bucket is a DDSketch's: bucket i holds the durations in (g^(i-1), g^i] milliseconds with
-- g = 1.01 / 0.99, whose middle 2 * g^i / (g + 1) is within 1 % of each of them; -1 is less than half a
-- millisecond. So quantiles of any merged set of minutes are within 1 % of the exact ones.
-- Running jobs are not here: they would count a second time with their end.
CREATE OR REPLACE VIEW otel.finished_runs AS
SELECT
    *,
    CASE WHEN duration_ms <= 0 THEN -1 ELSE ceil(ln(duration_ms) / ln(1.01::DOUBLE / 0.99))::INTEGER
    END AS bucket
FROM (
    SELECT
        id,
        created_at,
        'job' AS operation,
        plugin,
        NULL::VARCHAR AS tool,
        device,
        status,
        coalesce(duration_ms, 0) AS duration_ms
    FROM job_metrics
    WHERE completed_at IS NOT NULL
    UNION ALL
    SELECT
        id,
        created_at,
        'plugin',
        plugin,
        tool,
        NULL,
        CASE WHEN success THEN 'done' ELSE 'error' END,
        duration_ms
    FROM plugin_metrics
);

-- Runs, errors and durations by minute, however old: the rows they come from may be gone (see
-- otel.summaries). For hours and days ask the question `summary`: quantiles of minutes do not add up.
CREATE OR REPLACE VIEW otel.summary_by_minute AS
WITH grouped AS (
    SELECT
        minute AS minute,
        operation,
        plugin,
        tool,
        device,
        status,
        bucket,
        sum(count) AS runs,
        sum(count) FILTER (WHERE status = 'error') AS errors,
        sum(duration_ms) AS total_ms
    FROM otel.summary_buckets
    GROUP BY ALL
),

ranked AS (
    SELECT
        *,
        -- The middle of the bucket: within 1 % of every duration in it.
        CASE WHEN bucket < 0 THEN 0 ELSE 2 * pow(1.01 / 0.99, bucket) / (1.01 / 0.99 + 1) END AS value_ms,
        sum(runs) OVER (run ORDER BY bucket) AS up_to,
        sum(runs) OVER run AS every
    FROM grouped
    WINDOW run AS (PARTITION BY minute, operation, plugin, tool, device, status)
)

SELECT
    minute,
    operation,
    plugin,
    tool,
    device,
    status,
    sum(runs)::BIGINT AS runs,
    coalesce(sum(errors), 0)::BIGINT AS errors,
    coalesce(sum(errors), 0) / sum(runs) AS error_rate,
    sum(total_ms) / sum(runs) AS avg_ms,
    -- The shortest duration that this share of the runs does not exceed, as quantile_disc has it; in whole
    -- numbers, so that nothing is rounded.
    min(value_ms) FILTER (WHERE 100 * up_to >= 50 * every) AS p50_ms,
    min(value_ms) FILTER (WHERE 100 * up_to >= 95 * every) AS p95_ms,
    min(value_ms) FILTER (WHERE 100 * up_to >= 99 * every) AS p99_ms
FROM ranked
GROUP BY ALL;

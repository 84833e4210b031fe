-- Runs, error rate and durations by period and plugin, over everything that was ever recorded: quantiles
-- within 1 %, also where retention has deleted the rows. Parameters: per (hour, day, ...), since (or null).
WITH grouped AS (
    SELECT
        date_trunc($per, minute) AS period,
        operation,
        plugin,
        tool,
        bucket,
        sum(count) AS runs,
        sum(count) FILTER (WHERE status = 'error') AS errors,
        sum(duration_ms) AS total_ms
    FROM otel.summary_buckets
    WHERE $since::TIMESTAMP IS NULL OR minute >= $since::TIMESTAMP
    GROUP BY ALL
),

ranked AS (
    SELECT
        *,
        -- The middle of the bucket: within 1 % of every duration in it.
        CASE WHEN bucket < 0 THEN 0 ELSE 2 * pow(1.01 / 0.99, bucket) / (1.01 / 0.99 + 1) END AS value_ms,
        sum(runs) OVER (PARTITION BY period, operation, plugin, tool ORDER BY bucket) AS up_to,
        sum(runs) OVER (PARTITION BY period, operation, plugin, tool) AS every
    FROM grouped
)

SELECT
    period,
    operation,
    plugin,
    tool,
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
GROUP BY ALL
ORDER BY period, operation, plugin, tool NULLS FIRST;

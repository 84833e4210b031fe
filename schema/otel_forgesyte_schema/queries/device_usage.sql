-- What was asked for against what ran, with counts, rates and the last reason for a fallback.
WITH reasons AS (
    SELECT
        device_requested,
        device_used,
        arg_max(reason, created_at) AS last_reason
    FROM otel.device_decisions
    WHERE reason IS NOT NULL
    GROUP BY ALL
),

-- Counted on the table itself and not on the view, so that the events behind it cannot change a count.
counts AS (
    SELECT
        device_requested,
        device_used,
        bool_or(fallback) AS fallback,
        count(*) AS decisions,
        count(DISTINCT job_id) AS jobs
    FROM device_usage
    GROUP BY ALL
)

SELECT
    device_requested,
    device_used,
    fallback,
    decisions,
    jobs,
    -- Of all decisions that asked for this device, the part that ended on the one of this row.
    decisions / sum(decisions) OVER (PARTITION BY device_requested) AS rate,
    -- Of all decisions that asked for this device, the part that ended on any other.
    sum(CASE WHEN fallback THEN decisions ELSE 0 END) OVER (PARTITION BY device_requested)
        / sum(decisions) OVER (PARTITION BY device_requested) AS fallback_rate,
    -- Null where the event was not kept, or gave none.
    last_reason
FROM counts
LEFT JOIN reasons USING (device_requested, device_used)
ORDER BY device_requested, decisions DESC, device_used;

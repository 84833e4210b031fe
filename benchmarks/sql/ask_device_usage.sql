-- queries/device_usage.sql in SQLite's words, without the reasons: those come from log events, of which the data
-- has none.
WITH counts AS (
    SELECT
        device_requested,
        device_used,
        max(fallback) AS fallback,
        count(*) AS decisions,
        count(DISTINCT job_id) AS jobs
    FROM device_usage
    GROUP BY device_requested, device_used
)

SELECT
    device_requested,
    device_used,
    fallback,
    decisions,
    jobs,
    CAST(decisions AS REAL) / sum(decisions) OVER (PARTITION BY device_requested) AS rate,
    CAST(sum(CASE WHEN fallback THEN decisions ELSE 0 END) OVER (PARTITION BY device_requested) AS REAL)
        / sum(decisions) OVER (PARTITION BY device_requested) AS fallback_rate,
    NULL AS last_reason
FROM counts
ORDER BY device_requested, decisions DESC, device_used;

-- Asked for against used. The rate is that of all decisions that asked for the same device.
SELECT
    *,
    decisions / sum(decisions) OVER (PARTITION BY device_requested) AS rate
FROM (
    SELECT
        device_requested,
        device_used,
        count(*) AS decisions,
        count(DISTINCT job_id) AS jobs
    FROM otel.all_device_usage
    WHERE $__timeFilter(created_at)
    GROUP BY ALL
)
ORDER BY device_requested, decisions DESC, device_used;

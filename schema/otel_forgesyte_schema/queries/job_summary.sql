-- How many jobs of each plugin ended how (and how many have not).
SELECT
    plugin,
    status,
    count(*) AS jobs,
    -- Null where none of them has ended.
    avg(duration_ms) AS avg_duration_ms,
    max(created_at) AS last_created_at
FROM job_metrics
GROUP BY ALL
ORDER BY plugin, status;

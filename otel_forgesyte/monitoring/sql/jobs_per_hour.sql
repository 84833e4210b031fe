-- From the minute-by-minute summaries, which outlive the rows they were made of.
SELECT
    date_trunc('hour', minute) AS time,
    plugin AS metric,
    sum(runs)::BIGINT AS jobs
FROM otel.summary_by_minute
WHERE operation = 'job' AND $__timeFilter(minute) AND plugin IN [${plugin:sqlstring}]
GROUP BY ALL
ORDER BY time;

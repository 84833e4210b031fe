-- As the processes measured it: the points reach the database through the spool they tell of.
SELECT
    time_bucket(to_milliseconds($__interval_ms), time::TIMESTAMP) AS time,
    name AS metric,
    max(value) AS value
FROM otel.metrics
WHERE name IN ('forgesyte.spool.records', 'forgesyte.dead_letters') AND $__timeFilter(time)
GROUP BY ALL
ORDER BY time;

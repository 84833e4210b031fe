SELECT
    time_bucket(to_milliseconds($__interval_ms), time::TIMESTAMP) AS time,
    max(value) AS oldest
FROM otel.metrics
WHERE name = 'forgesyte.spool.oldest.age' AND $__timeFilter(time)
GROUP BY ALL
ORDER BY time;

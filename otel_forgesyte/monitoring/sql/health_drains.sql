-- The average of each drain in the processes that drain: a histogram's sum by its count.
SELECT
    time_bucket(to_milliseconds($__interval_ms), time::TIMESTAMP) AS time,
    sum(sum) / sum(count) AS seconds
FROM otel.metrics
WHERE name = 'forgesyte.drain.duration' AND $__timeFilter(time)
GROUP BY ALL
HAVING sum(count) > 0
ORDER BY time;

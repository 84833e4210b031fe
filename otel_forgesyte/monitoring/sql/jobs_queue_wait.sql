-- Exact, from the spans that the sampler kept.
SELECT
    time_bucket(to_milliseconds($__interval_ms), start_time_unix_nano::TIMESTAMP) AS time,
    quantile_cont((attributes ->> '$."forgesyte.job.queue.wait"')::DOUBLE, 0.5) AS p50,
    quantile_cont((attributes ->> '$."forgesyte.job.queue.wait"')::DOUBLE, 0.95) AS p95
FROM otel.all_spans
WHERE attributes ->> '$."forgesyte.job.queue.wait"' IS NOT NULL
    AND $__timeFilter(start_time_unix_nano) AND plugin IN [${plugin:sqlstring}]
GROUP BY ALL
ORDER BY time;

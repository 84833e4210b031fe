SELECT
    time_bucket(to_milliseconds($__interval_ms), ingested_at) AS time,
    signal AS metric,
    sum(dead)::BIGINT AS records
FROM otel.segments
WHERE $__timeFilter(ingested_at)
GROUP BY ALL
ORDER BY time;

SELECT
    time_bucket(to_milliseconds($__interval_ms), start_time_unix_nano::TIMESTAMP) AS time,
    name AS metric,
    count(*) AS spans
FROM otel.all_spans
WHERE $__timeFilter(start_time_unix_nano) AND service_name IN [${service:sqlstring}]
GROUP BY ALL
ORDER BY time;

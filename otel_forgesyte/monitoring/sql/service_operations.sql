SELECT
    service_name,
    name,
    kind,
    count(*) AS spans,
    count(*) FILTER (WHERE status_code = 'ERROR') / count(*) AS failed_share,
    quantile_cont(duration_ns / 1e6, 0.5) AS p50_ms,
    quantile_cont(duration_ns / 1e6, 0.95) AS p95_ms,
    sum(duration_ns) / 1e9 AS busy_s
FROM otel.all_spans
WHERE $__timeFilter(start_time_unix_nano) AND service_name IN [${service:sqlstring}]
GROUP BY ALL
ORDER BY busy_s DESC, name
LIMIT 100;

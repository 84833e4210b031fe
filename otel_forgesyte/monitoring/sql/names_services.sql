-- Of the time shown: Grafana asks again at each refresh, so it must not read the whole database.
SELECT DISTINCT service_name
FROM (
    SELECT service_name FROM otel.all_spans WHERE $__timeFilter(start_time_unix_nano)
    UNION ALL
    SELECT service_name FROM otel.all_logs WHERE $__timeFilter(observed_time_unix_nano)
)
WHERE service_name IS NOT NULL
ORDER BY service_name;

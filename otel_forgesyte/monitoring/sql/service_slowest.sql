SELECT
    start_time_unix_nano::TIMESTAMP AS start_time,
    name,
    duration_ns / 1e6 AS duration_ms,
    job_id,
    error_type,
    replace(trace_id::VARCHAR, '-', '') AS trace_id
FROM otel.all_spans
WHERE $__timeFilter(start_time_unix_nano) AND service_name IN [${service:sqlstring}]
ORDER BY duration_ns DESC
LIMIT 50;

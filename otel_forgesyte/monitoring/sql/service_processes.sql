-- Every process that wrote something, by what its resource says.
SELECT
    resources.service_name,
    resources.service_instance_id,
    count(*) AS spans,
    min(spans.start_time_unix_nano)::TIMESTAMP AS first_at,
    max(spans.start_time_unix_nano)::TIMESTAMP AS last_at
FROM otel.all_spans AS spans
INNER JOIN otel.resources AS resources USING (resource_id)
WHERE $__timeFilter(spans.start_time_unix_nano) AND spans.service_name IN [${service:sqlstring}]
GROUP BY ALL
ORDER BY last_at DESC;

SELECT DISTINCT service_name
FROM otel.all_spans
WHERE service_name IS NOT NULL
ORDER BY service_name;

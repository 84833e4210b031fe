-- Points of type sum with the columns, names and types of read_otlp_metrics_sum()
-- in DuckDB's otlp extension.
CREATE OR REPLACE VIEW otel.otlp_metrics_sum AS
SELECT
    time_unix_nano,
    start_time_unix_nano,
    name,
    description,
    unit,
    int_value,
    double_value,
    points.service_name,
    service_namespace,
    points.service_instance_id,
    resources.attributes::VARCHAR AS resource_attributes,
    scope_name,
    scope_version,
    scope_attributes::VARCHAR AS scope_attributes,
    points.attributes::VARCHAR AS metric_attributes,
    flags::INTEGER AS flags,
    to_json(exemplars)::VARCHAR AS exemplars_json,
    -- 1 and 2 as in OpenTelemetry's enumeration.
    list_position(['delta', 'cumulative'], aggregation_temporality) AS aggregation_temporality,
    is_monotonic
FROM otel.all_metric_points AS points
LEFT JOIN otel.resources AS resources USING (resource_id)
WHERE metric_type = 'sum';

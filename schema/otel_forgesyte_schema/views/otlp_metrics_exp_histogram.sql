-- Points of type exponential_histogram with the columns, names and types of read_otlp_metrics_exp_histogram()
-- in DuckDB's otlp extension.
CREATE OR REPLACE VIEW otel.otlp_metrics_exp_histogram AS
SELECT
    time_unix_nano,
    start_time_unix_nano,
    name,
    description,
    unit,
    count::BIGINT AS count,
    sum,
    min,
    max,
    scale,
    zero_count::BIGINT AS zero_count,
    -- The Python SDK has no zero threshold: only exact zeros fall into the zero bucket.
    0::DOUBLE AS zero_threshold,
    positive_offset,
    positive_bucket_counts::BIGINT[] AS positive_bucket_counts,
    negative_offset,
    negative_bucket_counts::BIGINT[] AS negative_bucket_counts,
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
    list_position(['delta', 'cumulative'], aggregation_temporality) AS aggregation_temporality
FROM otel.all_metric_points AS points
LEFT JOIN otel.resources AS resources USING (resource_id)
WHERE metric_type = 'exponential_histogram';

-- Log records with the columns, names and types of read_otlp_logs() in DuckDB's otlp extension.
CREATE OR REPLACE VIEW otel.otlp_logs AS
SELECT
    time_unix_nano,
    observed_time_unix_nano,
    replace(trace_id::VARCHAR, '-', '') AS trace_id,
    lower(lpad(to_hex(span_id), 16, '0')) AS span_id,
    logs.service_name,
    service_namespace,
    service_instance_id,
    severity_number,
    severity_text,
    event_name,
    -- The extension gives the bare text of a string body.
    body ->> '$' AS body,
    resources.attributes::VARCHAR AS resource_attributes,
    scope_name,
    scope_version,
    scope_attributes::VARCHAR AS scope_attributes,
    logs.attributes::VARCHAR AS log_attributes,
    dropped_attributes_count::INTEGER AS dropped_attributes_count,
    flags::INTEGER AS flags
FROM otel.all_logs AS logs
LEFT JOIN otel.resources AS resources USING (resource_id);

-- Spans with the columns, names and types of read_otlp_traces() in DuckDB's otlp extension, so that a
-- query written for collector files runs here unchanged. Its odd names (duration_time_unix_nano,
-- status_status_message) are the OpenTelemetry Arrow schema's own.
CREATE OR REPLACE VIEW otel.otlp_traces AS
SELECT
    start_time_unix_nano,
    duration_ns AS duration_time_unix_nano,
    replace(trace_id::VARCHAR, '-', '') AS trace_id,
    lower(lpad(to_hex(span_id), 16, '0')) AS span_id,
    lower(lpad(to_hex(parent_span_id), 16, '0')) AS parent_span_id,
    trace_state,
    spans.service_name,
    service_namespace,
    service_instance_id,
    name,
    -- Positions in OpenTelemetry's enumerations: kind 0 is "unspecified", which the SDK never gives.
    list_position(['INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'], kind) AS kind,
    list_position(['UNSET', 'OK', 'ERROR'], status_code) - 1 AS status_code,
    status_message AS status_status_message,
    resources.attributes::VARCHAR AS resource_attributes,
    scope_name,
    scope_version,
    scope_attributes::VARCHAR AS scope_attributes,
    spans.attributes::VARCHAR AS span_attributes,
    to_json(events)::VARCHAR AS events_json,
    to_json(links)::VARCHAR AS links_json,
    dropped_attributes_count::INTEGER AS dropped_attributes_count,
    dropped_events_count::INTEGER AS dropped_events_count,
    dropped_links_count::INTEGER AS dropped_links_count,
    flags::INTEGER AS flags
FROM otel.all_spans AS spans
LEFT JOIN otel.resources AS resources USING (resource_id);

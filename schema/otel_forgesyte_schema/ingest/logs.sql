-- Store the segment's log records.
INSERT INTO otel.logs BY NAME
SELECT
    make_timestamp_ns(time_unix_nano) AS time_unix_nano,
    make_timestamp_ns(observed_time_unix_nano) AS observed_time_unix_nano,
    trace_id,
    span_id,
    trace_flags AS flags,
    severity_number,
    severity_text,
    body,
    event_name,
    service_name,
    job_id,
    plugin,
    request_id,
    error_type,
    error_fingerprint,
    attributes,
    dropped_attributes_count,
    scope_name,
    scope_version,
    scope_schema_url,
    scope_attributes,
    resource AS resource_id
FROM segment_logs;

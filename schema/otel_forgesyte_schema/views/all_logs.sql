-- Every row of otel.logs there ever was: those in the table and, once rows were archived,
-- those in Parquet (archives.py then reads both here). Columns by name: with a star, a column that a user
-- adds to the table would break this view and all that read it.
CREATE OR REPLACE VIEW otel.all_logs AS
SELECT
    time_unix_nano,
    observed_time_unix_nano,
    trace_id,
    span_id,
    flags,
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
    resource_id
FROM otel.logs;

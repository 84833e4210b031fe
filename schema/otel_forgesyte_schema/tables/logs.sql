-- Every log record and event, with every field of the SDK's ReadableLogRecord.
CREATE TABLE IF NOT EXISTS otel.logs (
    -- When it happened; null where the source did not say, so order by
    -- coalesce(time_unix_nano, observed_time_unix_nano). Naive UTC.
    time_unix_nano TIMESTAMP_NS,
    -- When the SDK saw it.
    observed_time_unix_nano TIMESTAMP_NS,
    -- The span it was written under, if any: how a trace finds its log lines.
    trace_id UUID,
    span_id UBIGINT,
    flags UINTEGER,
    -- 1-24 as OpenTelemetry counts; 9 is INFO, 17 is ERROR.
    severity_number INTEGER,
    -- The source's own word (WARN, WARNING): filter on the number.
    severity_text VARCHAR,
    -- Any JSON value, a string with its quotes: body ->> '$' gives the plain text.
    -- Compressed as otel.spans.attributes is, for the same reasons.
    body JSON USING COMPRESSION zstd,
    -- Set for events (a device was chosen, an exception was raised); null for ordinary lines.
    event_name VARCHAR,
    -- Promoted from resource and attributes, as in otel.spans.
    service_name VARCHAR,
    job_id VARCHAR,
    plugin VARCHAR,
    -- The web request a line belongs to, which may cover several jobs or none.
    request_id VARCHAR,
    -- error.type, or else exception.type: the second is what the stock logging handler writes.
    error_type VARCHAR,
    -- Equal for errors that are the same fault: what they are grouped by.
    error_fingerprint VARCHAR,
    attributes JSON USING COMPRESSION zstd,
    dropped_attributes_count UINTEGER,
    scope_name VARCHAR,
    scope_version VARCHAR,
    scope_schema_url VARCHAR,
    scope_attributes JSON,
    -- Content hash of the process's resource; what it says is in otel.resources.
    resource_id UUID
);

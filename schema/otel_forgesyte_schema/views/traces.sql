-- Spans for people: ids as the hexadecimal text other tools print, the end beside the start, and
-- durations in milliseconds.
CREATE OR REPLACE VIEW otel.traces AS
SELECT
    replace(trace_id::VARCHAR, '-', '') AS trace_id,
    -- to_hex gives capitals, which no other tool prints or finds.
    lower(lpad(to_hex(span_id), 16, '0')) AS span_id,
    lower(lpad(to_hex(parent_span_id), 16, '0')) AS parent_span_id,
    name,
    kind,
    start_time_unix_nano AS start_time,
    -- Null for a record without a duration. By way of integers: intervals know no nanoseconds.
    make_timestamp_ns(epoch_ns(start_time_unix_nano) + duration_ns) AS end_time,
    duration_ns / 1e6 AS duration_ms,
    duration_ns,
    status_code,
    status_message,
    service_name,
    job_id,
    plugin,
    tool,
    device,
    error_type,
    attributes,
    scope_name
FROM otel.all_spans;

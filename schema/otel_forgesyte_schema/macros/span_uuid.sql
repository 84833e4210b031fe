-- The key of a row that came from a span. The span id alone is unique only within its trace,
-- so two digits of the trace id go with it.
CREATE OR REPLACE TEMP MACRO span_uuid(unix_nano, trace_id, span_id) AS record_uuid(
    unix_nano,
    right(trace_id::VARCHAR, 2) || lpad(to_hex(span_id), 16, '0')
);

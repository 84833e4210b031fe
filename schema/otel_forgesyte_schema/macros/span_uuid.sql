-- The key of a row that came from a span. The span id alone is unique only within its trace,
-- so two digits of the trace id go with it.
-- Before them which of 4096 parts of its millisecond it began in (RFC 9562, section 6.2, method 3): keys of
-- many spans in one millisecond are in their order too, and the index over them is a tenth smaller.
CREATE OR REPLACE TEMP MACRO span_uuid(unix_nano, trace_id, span_id) AS record_uuid(
    unix_nano,
    lpad(to_hex(greatest(coalesce(unix_nano, 0), 0) % 1000000 * 4096 // 1000000), 3, '0')
    || right(trace_id::VARCHAR, 2) || right(lpad(to_hex(span_id), 16, '0'), 13)
);

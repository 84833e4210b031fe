-- One trace: $trace_id. Ids are random, so no block can be left out by its least and greatest value.
SELECT name, start_time_unix_nano, duration_ns, span_id, parent_span_id, attributes
FROM otel.spans
WHERE trace_id = $trace_id
ORDER BY start_time_unix_nano;

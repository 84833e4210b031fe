-- Plugin executions with what plugin_metrics has no column for: device, error, exact duration, and
-- the ids that lead to the trace. Sampled-out runs are missing here and present there.
CREATE OR REPLACE VIEW otel.plugin_runs AS
SELECT
    job_id,
    plugin,
    tool,
    device,
    start_time_unix_nano AS start_time,
    duration_ns / 1e6 AS duration_ms,
    -- Raised or returned, a failure is a failure; neither said is neither.
    NOT (
        coalesce(status_code = 'ERROR', false)
        OR coalesce(attributes ->> '$."forgesyte.plugin.soft_error"' = 'true', false)
    ) AS success,
    error_type,
    status_message AS error_message,
    trace_id,
    span_id,
    parent_span_id
FROM otel.all_spans
WHERE attributes ->> '$."forgesyte.operation.name"' = 'plugin';

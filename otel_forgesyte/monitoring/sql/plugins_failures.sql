-- Of the runs that the sampler kept: why they failed, and the trace to look at.
SELECT
    start_time::TIMESTAMP AS start_time,
    job_id,
    plugin,
    tool,
    device,
    error_type,
    error_message,
    replace(trace_id::VARCHAR, '-', '') AS trace_id
FROM otel.plugin_runs
WHERE NOT success AND $__timeFilter(plugin_runs.start_time) AND plugin IN [${plugin:sqlstring}]
ORDER BY plugin_runs.start_time DESC
LIMIT 100;

-- Device decisions with what device_usage has no column for: the reason, the plugin, and the ids that
-- lead to the trace. Rows come from device_usage.
CREATE OR REPLACE VIEW otel.device_decisions AS
SELECT
    usage.id,
    usage.job_id,
    event.plugin,
    usage.device_requested,
    usage.device_used,
    usage.fallback,
    event.reason,
    usage.created_at,
    event.trace_id,
    event.span_id
FROM otel.all_device_usage AS usage
-- Left: retention may drop logs long before it drops the Phase 8 rows.
LEFT JOIN (
    -- Once each: the same event may have been stored twice, and is still one decision.
    SELECT DISTINCT ON (id, job_id)
        -- digest_uuid as the projection calls it, written out: a view cannot lean on a temporary macro.
        (
            lpad(to_hex(greatest(coalesce(unix_nano, 0), 0) // 1000000), 12, '0')
            || '7' || substr(digest, 1, 3) || '8' || substr(digest, 4, 15)
        )::UUID AS id,
        coalesce(job_id, 'unspecified') AS job_id,
        plugin,
        reason,
        trace_id,
        span_id
    FROM (
        SELECT
            *,
            attributes ->> '$."forgesyte.device.fallback.reason"' AS reason,
            epoch_ns(coalesce(time_unix_nano, observed_time_unix_nano)) AS unix_nano,
            md5(concat_ws('|',
                unix_nano,
                trace_id,
                span_id,
                job_id,
                attributes ->> '$."forgesyte.device.requested"',
                attributes ->> '$."forgesyte.device.used"'
            )) AS digest
        FROM otel.all_logs
        WHERE event_name = 'forgesyte.device.selected'
    )
-- The job as well, so that a question about one job reads the events of that job alone.
) AS event USING (id, job_id);

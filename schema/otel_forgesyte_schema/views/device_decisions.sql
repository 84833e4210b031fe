-- Device decisions with what device_usage has no column for: the reason, the plugin, the names as
-- they were reported (cuda:1), and the ids that lead to the trace. Rows come from device_usage.
CREATE OR REPLACE VIEW otel.device_decisions AS
SELECT
    usage.id,
    usage.job_id,
    event.plugin,
    usage.device_requested,
    usage.device_used,
    usage.fallback,
    event.reason,
    event.reported_requested,
    event.reported_used,
    usage.created_at,
    event.trace_id,
    event.span_id
FROM device_usage AS usage
-- Left: retention may drop logs long before it drops the Phase 8 rows.
LEFT JOIN (
    SELECT
        *,
        attributes ->> '$."forgesyte.device.fallback.reason"' AS reason,
        attributes ->> '$."forgesyte.device.requested"' AS reported_requested,
        attributes ->> '$."forgesyte.device.used"' AS reported_used,
        -- The same cut to microseconds as the projection makes: a cast rounds on DuckDB 2.0 and
        -- truncates on 1.5.
        make_timestamp(
            coalesce(epoch_ns(coalesce(time_unix_nano, observed_time_unix_nano)), 0) // 1000
        ) AS created_at,
        regexp_replace(regexp_replace(
            lower(trim(reported_requested)), '^(gpu|cuda|mps|cpu)(:.*)?$', '\1'
        ), '^cuda$', 'gpu') AS device_requested,
        regexp_replace(regexp_replace(
            lower(trim(reported_used)), '^(gpu|cuda|mps|cpu)(:.*)?$', '\1'
        ), '^cuda$', 'gpu') AS device_used
    FROM otel.logs
    WHERE event_name = 'forgesyte.device.selected'
) AS event
    ON usage.job_id = coalesce(event.job_id, 'unspecified')
    AND usage.created_at = event.created_at
    AND usage.device_requested = coalesce(event.device_requested, 'unspecified')
    AND usage.device_used = coalesce(event.device_used, 'unspecified');

-- logs → device_usage: one row per device decision.
INSERT INTO device_usage BY NAME
WITH incoming AS MATERIALIZED (
    SELECT DISTINCT ON (id)
        -- Two decisions of one plugin differ in time or in device; all of it goes into the key.
        digest_uuid(unix_nano, concat_ws('|',
            unix_nano, trace_id, span_id, job_id, device_requested, device_used
        )) AS id,
        coalesce(job_id, 'unspecified') AS job_id,
        requested AS device_requested,
        used AS device_used,
        -- Compared here and not taken from the event, so that the three columns can never disagree.
        -- Nobody asked, or nobody said what ran: that is no fallback.
        requested <> used AND 'unspecified' NOT IN (requested, used) AS fallback,
        utc_timestamp(coalesce(unix_nano, 0)) AS created_at
    FROM (
        SELECT
            *,
            coalesce(time_unix_nano, observed_time_unix_nano) AS unix_nano,
            coalesce(canonical_device(device_requested), 'unspecified') AS requested,
            coalesce(canonical_device(device_used), 'unspecified') AS used
        FROM segment_logs
        WHERE event_name = 'forgesyte.device.selected'
    )
)

SELECT *
FROM incoming
-- A segment ingested a second time changes nothing (see plugin_metrics).
WHERE id NOT IN (SELECT id FROM device_usage JOIN incoming USING (id));

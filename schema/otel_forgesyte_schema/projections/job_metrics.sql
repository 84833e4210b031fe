-- spans → job_metrics: one row per job, whatever order its records arrive in.
--
-- A job has up to three records: queued, running (its span started), and the end. Each says what was
-- true at one moment: an end at its end, the others at their start. The record of the latest moment
-- wins; at the same moment the later stage does. That is one total order, so any arrival order, in one
-- batch or over many, leaves the same row: a start never overwrites its own end, and a rerun, which
-- starts after the earlier run ended, does replace it. ("The newest start wins" alone would let a
-- submission noted late, by another machine's clock, overwrite a finished job.)

-- The last record of each job in this segment.
CREATE OR REPLACE TEMP TABLE latest_jobs AS
SELECT
    span_uuid(start_time_unix_nano, trace_id, span_id) AS id,
    job_id,
    -- The span of a job without a plugin name is called after what it does.
    coalesce(plugin, name, 'unspecified') AS plugin,
    coalesce(canonical_device(device), 'unspecified') AS device,
    status,
    CASE WHEN ended THEN whole_ms(end_time_unix_nano - start_time_unix_nano) END AS duration_ms,
    utc_timestamp(coalesce(start_time_unix_nano, 0)) AS created_at,
    CASE WHEN ended THEN utc_timestamp(end_time_unix_nano) END AS completed_at,
    status_message AS error_message,
    -- The clock may have been set back during the job: an end is never earlier than its start here.
    CASE WHEN ended THEN greatest(created_at, completed_at) ELSE created_at END AS moment,
    CASE WHEN ended THEN 2 WHEN status = 'queued' THEN 0 ELSE 1 END AS stage
FROM (
    SELECT
        *,
        -- A status we do not know stays as it is.
        coalesce(job_status, CASE
            WHEN end_time_unix_nano IS NULL THEN 'running'
            WHEN status_code = 'ERROR' THEN 'error'
            ELSE 'done'
        END) AS status,
        -- A submission may be recorded as a span of its own, which ends although the job has not begun.
        end_time_unix_nano IS NOT NULL AND status NOT IN ('queued', 'running') AS ended
    FROM segment_spans
    WHERE operation = 'job' AND job_id IS NOT NULL
)
QUALIFY row_number() OVER (PARTITION BY job_id ORDER BY moment DESC, stage DESC) = 1;

-- Jobs the table knows: replaced where the segment's record is of a later moment. The key stays what
-- it was and only columns without an index change: updates of indexed columns have corrupted indexes.
UPDATE job_metrics AS known
SET
    plugin = latest.plugin,
    device = latest.device,
    status = latest.status,
    duration_ms = latest.duration_ms,
    created_at = latest.created_at,
    completed_at = latest.completed_at,
    error_message = latest.error_message
FROM latest_jobs AS latest
WHERE known.job_id = latest.job_id
    AND (latest.moment, latest.stage) > (
        greatest(known.created_at, coalesce(known.completed_at, known.created_at)),
        CASE WHEN known.completed_at IS NOT NULL THEN 2 WHEN known.status = 'queued' THEN 0 ELSE 1 END
    );

-- Jobs it does not know.
INSERT INTO job_metrics BY NAME
SELECT * EXCLUDE (moment, stage)
FROM latest_jobs
WHERE job_id NOT IN (
    SELECT known.job_id FROM job_metrics AS known JOIN latest_jobs USING (job_id)
);

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
WITH records AS (
    -- Only what is needed: the sort below moves whole rows, and attributes are most of a row.
    SELECT
        trace_id,
        span_id,
        job_id,
        plugin,
        name,
        device,
        start_time_unix_nano,
        end_time_unix_nano,
        status_message,
        -- A status we do not know stays as it is.
        coalesce(job_status, CASE
            WHEN end_time_unix_nano IS NULL THEN 'running'
            WHEN status_code = 'ERROR' THEN 'error'
            ELSE 'done'
        END) AS status,
        -- A submission may be a span of its own, which ends although the job has not begun.
        end_time_unix_nano IS NOT NULL AND status NOT IN ('queued', 'running') AS ended,
        -- The clock may have been set back during the job: an end is not before its start here.
        greatest(start_time_unix_nano, CASE WHEN ended THEN end_time_unix_nano END) AS moment,
        CASE WHEN ended THEN 2 WHEN status = 'queued' THEN 0 ELSE 1 END AS stage
    FROM segment_spans
    WHERE operation = 'job' AND job_id IS NOT NULL
),

latest AS (
    SELECT DISTINCT ON (job_id) *
    FROM records
    ORDER BY job_id, moment DESC, stage DESC
)

SELECT
    -- The job too: a span that is told of under two job ids is two jobs, not a batch that cannot be stored.
    digest_uuid(start_time_unix_nano, concat_ws('|', trace_id, span_id, job_id)) AS id,
    job_id,
    job_key(job_id) AS job_key,
    -- The span of a job without a plugin name is called after what it does.
    coalesce(plugin, name, 'unspecified') AS plugin,
    coalesce(canonical_device(device), 'unspecified') AS device,
    status,
    CASE WHEN ended THEN whole_ms(end_time_unix_nano - start_time_unix_nano) END AS duration_ms,
    utc_timestamp(coalesce(start_time_unix_nano, 0)) AS created_at,
    CASE WHEN ended THEN utc_timestamp(end_time_unix_nano) END AS completed_at,
    status_message AS error_message,
    utc_timestamp(coalesce(moment, 0)) AS moment,
    stage
FROM latest;

-- Rows that may be theirs. Only the key column is scanned in full; reading the ids beside it in the
-- same pass costs 8 ns a row more on DuckDB 2.0 and 33 on 1.5. Few or no rows come out of it.
CREATE OR REPLACE TEMP TABLE known_keys AS
SELECT keys.rowid AS key_row, latest.job_id
FROM otel.job_keys AS keys
JOIN latest_jobs AS latest USING (job_key);

-- Row numbers let DuckDB skip every block without a match, and so do ids, being in order of time.
CREATE OR REPLACE TEMP TABLE known_ids AS
SELECT keys.id, known.job_id
FROM otel.job_keys AS keys
JOIN known_keys AS known ON keys.rowid = known.key_row;

CREATE OR REPLACE TEMP TABLE known_jobs AS
SELECT
    row.id,
    row.job_id,
    greatest(row.created_at, row.completed_at) AS moment,
    CASE WHEN row.completed_at IS NOT NULL THEN 2 WHEN row.status = 'queued' THEN 0 ELSE 1 END AS stage
FROM job_metrics AS row
JOIN known_ids AS known USING (id)
-- Not in the join condition: DuckDB would join on the text first, which is what all this avoids.
WHERE concat(row.job_id, '') = known.job_id;

-- Replace what an older record said. The id stays, and only columns without an index change: updates
-- of indexed columns have corrupted indexes.
UPDATE job_metrics AS row
SET
    plugin = latest.plugin,
    device = latest.device,
    status = latest.status,
    duration_ms = latest.duration_ms,
    created_at = latest.created_at,
    completed_at = latest.completed_at,
    error_message = latest.error_message
FROM (
    SELECT latest_jobs.* EXCLUDE (id), known_jobs.id
    FROM latest_jobs
    JOIN known_jobs USING (job_id)
    WHERE (latest_jobs.moment, latest_jobs.stage) > (known_jobs.moment, known_jobs.stage)
) AS latest
WHERE row.id = latest.id;

-- Add the jobs not known yet, and where their rows are.
INSERT INTO otel.job_keys BY NAME
SELECT job_key, id
FROM latest_jobs
WHERE job_id NOT IN (SELECT job_id FROM known_jobs);

INSERT INTO job_metrics BY NAME
SELECT * EXCLUDE (job_key, moment, stage)
FROM latest_jobs
WHERE job_id NOT IN (SELECT job_id FROM known_jobs);

-- Jobs that have not ended and are at least $older_than_s seconds old, oldest first. A job whose process
-- died stays here: its age is the only thing that gives it away.
SELECT
    job_id,
    plugin,
    device,
    status,
    created_at,
    -- now() is TIMESTAMPTZ: AT TIME ZONE makes it naive UTC whatever zone the session is in.
    round(epoch(now() AT TIME ZONE 'UTC' - created_at), 3) AS age_s
FROM job_metrics
WHERE completed_at IS NULL
    AND created_at <= now() AT TIME ZONE 'UTC' - to_microseconds(($older_than_s * 1e6)::BIGINT)
ORDER BY created_at, job_id;

-- What job and plugin rows said before they were deleted, by minute: kept when the rows themselves go.
-- Filled only by retention, in the transaction of its DELETE, so ingestion pays nothing for it and no run
-- counts twice: otel.summary_buckets is these rows plus the runs that still have a row of their own.
CREATE TABLE IF NOT EXISTS otel.summaries (
    -- When the runs began, cut to the minute. Naive UTC.
    minute TIMESTAMP,
    -- job or plugin: as in forgesyte.operation.name.
    operation VARCHAR,
    plugin VARCHAR,
    -- Null for jobs.
    tool VARCHAR,
    -- Null for plugins, whose rows never had one: taken from spans it would depend on whether those were
    -- sampled and still there, and one run would be two groups before and after its deletion.
    device VARCHAR,
    -- A job's own; done or error for a plugin.
    status VARCHAR,
    -- Which duration, within 1 % (see otel.finished_runs). One row per bucket, not a map per minute: merging
    -- minutes, days or databases is then GROUP BY and sum, on any target.
    bucket INTEGER,
    -- Runs in that bucket.
    count UBIGINT,
    -- Their durations added up, so that averages stay exact.
    duration_ms UBIGINT
);

-- One row per job: what it was, where it ran, how it ended. Columns and types are a published contract.
CREATE TABLE IF NOT EXISTS job_metrics (
    -- From the job and the span that first told of it (UUIDv7 layout, its start time first): writing a
    -- batch twice leaves one row, and rows arrive in key order. With random keys the index made the file
    -- nearly three times as large (784 MB against 285 MB) and inserts slower as the table grew.
    id UUID PRIMARY KEY,
    -- The application's own id, as text: a UUID in one application is a counter in another.
    -- Rows are matched on it, never on id: a rerun is another span and still the same job.
    job_id TEXT NOT NULL,
    plugin TEXT NOT NULL,
    -- Canonical name (gpu, mps, cpu, ...), or 'unspecified' where nobody ever said.
    device TEXT NOT NULL,
    -- queued, running, done, error, cancelled; a status we do not know stays as it came.
    status TEXT NOT NULL,
    -- Null until the job ends, rounded; the exact figure is otel.spans.duration_ns.
    duration_ms INTEGER,
    -- When the run began. Naive UTC, as every timestamp here.
    created_at TIMESTAMP NOT NULL,
    -- Null exactly as long as the job has not ended; "is it over" is asked of this column,
    -- because a list of terminal statuses could not hold the ones we do not know.
    completed_at TIMESTAMP,
    error_message TEXT
);

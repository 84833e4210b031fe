-- One row per finished execution of a plugin tool, nested ones included.
CREATE TABLE IF NOT EXISTS plugin_metrics (
    -- From the execution's span, start time first (see job_metrics.id).
    id UUID PRIMARY KEY,
    -- 'unspecified' for a plugin that ran outside any job: the row must not be lost for that.
    job_id TEXT NOT NULL,
    plugin TEXT NOT NULL,
    -- Null for a plugin that is its own only tool.
    tool TEXT,
    duration_ms INTEGER NOT NULL,
    -- False for a raised exception and for a result the plugin itself marks as failed: half of
    -- the failures in the wild are returned, not raised.
    success BOOLEAN NOT NULL,
    created_at TIMESTAMP NOT NULL
);

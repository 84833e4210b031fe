-- One row per rendered frame.
CREATE TABLE IF NOT EXISTS overlay_metrics (
    -- From job, frame index and time, that time first: a frame is a measurement and has no span.
    id UUID PRIMARY KEY,
    job_id TEXT NOT NULL,
    frame_index INTEGER NOT NULL,
    -- Whole milliseconds, so most draws are 0 here; the exact time is in otel.frames.
    render_time_ms INTEGER NOT NULL,
    -- Frames skipped since the one before this.
    dropped_frames INTEGER DEFAULT 0,
    -- Null where the caller does not know its frame rate; never computed from render_time_ms.
    fps REAL,
    created_at TIMESTAMP NOT NULL
);

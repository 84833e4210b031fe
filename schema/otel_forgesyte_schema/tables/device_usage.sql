-- One row per decision about a device; a job that never reports one has no row.
CREATE TABLE IF NOT EXISTS device_usage (
    -- From the log event that reported the decision, its time first.
    id UUID PRIMARY KEY,
    job_id TEXT NOT NULL,
    -- Both canonical (cuda, cuda:1 and gpu are all gpu): otherwise half of the fallbacks counted
    -- would be one device under two spellings.
    device_requested TEXT NOT NULL,
    device_used TEXT NOT NULL,
    -- Always device_requested <> device_used; stored because people count it. The reason for a
    -- fallback is in otel.device_decisions.
    fallback BOOLEAN NOT NULL,
    created_at TIMESTAMP NOT NULL
);

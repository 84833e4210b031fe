-- How many runs took how long, by minute: kept summaries, and the runs whose rows are still there. Rows of
-- one key and bucket add up; sum over them before anything else.
CREATE OR REPLACE VIEW otel.summary_buckets AS
SELECT minute, operation, plugin, tool, device, status, bucket, count, duration_ms
FROM otel.summaries
UNION ALL
SELECT
    date_trunc('minute', created_at),
    operation,
    plugin,
    tool,
    device,
    status,
    bucket,
    1,
    greatest(duration_ms, 0)
FROM otel.finished_runs;

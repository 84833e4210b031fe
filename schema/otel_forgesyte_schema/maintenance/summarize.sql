-- Add what the doomed rows say about runs to the summaries. Runs that have not ended are in none: their
-- end, should it come yet, makes a row of its own.
INSERT INTO otel.summaries BY NAME
SELECT
    date_trunc('minute', created_at) AS minute,
    operation,
    plugin,
    tool,
    device,
    status,
    bucket,
    count(*) AS count,
    sum(greatest(duration_ms, 0)) AS duration_ms
FROM otel.finished_runs
WHERE id IN (SELECT id FROM TABLE WHERE rowid IN (SELECT row FROM doomed))
GROUP BY ALL;

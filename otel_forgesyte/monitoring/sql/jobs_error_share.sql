-- The part of the ended jobs that ended by an error; cancelled ones count neither way.
SELECT count(*) FILTER (WHERE status = 'error') / nullif(count(*), 0) AS share
FROM otel.all_job_metrics
WHERE completed_at IS NOT NULL AND status <> 'cancelled' AND $__timeFilter(created_at) AND plugin IN [${plugin:sqlstring}];

-- One row for each job that drew, the slowest first.
SELECT
    overlay.job_id,
    any_value(job.plugin) AS plugin,
    count(*) AS drawn,
    sum(overlay.dropped_frames)::BIGINT AS dropped,
    avg(overlay.render_time_ms) AS avg_ms,
    quantile_cont(overlay.render_time_ms, 0.95) AS p95_ms,
    count(overlay.fps) FILTER (WHERE overlay.fps > 0)
        / sum(1 / overlay.fps) FILTER (WHERE overlay.fps > 0) AS fps,
    min(overlay.created_at) AS began_at
FROM otel.all_overlay_metrics AS overlay
LEFT JOIN otel.all_job_metrics AS job USING (job_id)
WHERE $__timeFilter(overlay.created_at)
GROUP BY overlay.job_id
ORDER BY p95_ms DESC, overlay.job_id
LIMIT 100;

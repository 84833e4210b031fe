SELECT sum(dropped_frames) / nullif(count(*) + sum(dropped_frames), 0) AS share
FROM otel.all_overlay_metrics
WHERE $__timeFilter(created_at);

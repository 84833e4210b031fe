SELECT count(*) AS frames
FROM otel.all_overlay_metrics
WHERE $__timeFilter(created_at);

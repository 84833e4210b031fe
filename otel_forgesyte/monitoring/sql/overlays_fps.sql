-- Frames by the time between them: the mean of the rates themselves would favour short bursts.
SELECT
    time_bucket(to_milliseconds($__interval_ms), created_at) AS time,
    count(*) / sum(1 / fps) AS fps
FROM otel.all_overlay_metrics
WHERE fps > 0 AND $__timeFilter(created_at)
GROUP BY ALL
ORDER BY time;

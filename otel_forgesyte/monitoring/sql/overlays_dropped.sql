SELECT
    time_bucket(to_milliseconds($__interval_ms), created_at) AS time,
    count(*) AS drawn,
    sum(dropped_frames)::BIGINT AS dropped
FROM otel.all_overlay_metrics
WHERE $__timeFilter(created_at)
GROUP BY ALL
ORDER BY time;

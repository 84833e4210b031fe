-- Exact times, from the frames' exemplars: the table overlay_metrics has whole milliseconds.
SELECT
    time_bucket(to_milliseconds($__interval_ms), rendered_at::TIMESTAMP) AS time,
    quantile_cont(render_time_ms, 0.5) AS p50,
    quantile_cont(render_time_ms, 0.95) AS p95,
    quantile_cont(render_time_ms, 0.99) AS p99
FROM otel.frames
WHERE $__timeFilter(rendered_at)
GROUP BY ALL
ORDER BY time;

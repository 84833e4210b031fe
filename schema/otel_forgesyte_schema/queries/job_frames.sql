-- The frames of one job with their exact draw time, in order: $job_id.
-- DISTINCT, because a reader with cumulative temporality sends an exemplar again with every export.
SELECT DISTINCT
    frame_index,
    render_time_ms,
    dropped_frames,
    fps,
    rendered_at,
    plugin,
    device
FROM otel.frames
WHERE job_id = $job_id
ORDER BY frame_index, rendered_at;

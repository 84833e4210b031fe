-- queries/overlay_performance.sql in SQLite's words: $job_id.
SELECT frame_index, render_time_ms, dropped_frames, fps, created_at
FROM overlay_metrics
WHERE job_id = $job_id
ORDER BY frame_index, created_at;

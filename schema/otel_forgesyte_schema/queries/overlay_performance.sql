-- The frames of one job, in order: $job_id.
SELECT
    frame_index,
    render_time_ms,
    dropped_frames,
    fps,
    created_at
FROM overlay_metrics
WHERE job_id = $job_id
-- By time within an index: a rerun of the job draws the same frames again.
ORDER BY frame_index, created_at;

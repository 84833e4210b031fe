-- Every row of overlay_metrics there ever was: those in the table and, once rows were archived,
-- those in Parquet (archives.py then reads both here). Columns by name: with a star, a column that a user
-- adds to the table would break this view and all that read it.
CREATE OR REPLACE VIEW otel.all_overlay_metrics AS
SELECT
    id,
    job_id,
    frame_index,
    render_time_ms,
    dropped_frames,
    fps,
    created_at
FROM overlay_metrics;

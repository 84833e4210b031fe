-- Rendered frames with their exact time, which overlay_metrics rounds to whole milliseconds.
-- There is no index to a job's exemplars: all are read, whichever job is asked for (0.4 us each; one
-- json_extract for all four paths was slower here, as it also parses what the filter drops).
CREATE OR REPLACE VIEW otel.frames AS
SELECT
    exemplar.filtered_attributes ->> '$."forgesyte.job.id"' AS job_id,
    -- As in overlay_metrics: whole numbers, no negative count, no rate that is no number.
    CASE WHEN regexp_full_match(raw_index, '-?[0-9]+(\.0+)?') THEN try_cast(raw_index AS INTEGER)
    END AS frame_index,
    exemplar.value * 1000 AS render_time_ms,
    greatest(coalesce(
        try_cast(exemplar.filtered_attributes ->> '$."forgesyte.frame.dropped"' AS INTEGER), 0
    ), 0) AS dropped_frames,
    CASE WHEN isfinite(raw_rate) THEN raw_rate END AS fps,
    exemplar.time_unix_nano AS rendered_at,
    exemplar.trace_id AS trace_id,
    exemplar.span_id AS span_id,
    attributes ->> '$."forgesyte.plugin.name"' AS plugin,
    attributes ->> '$."forgesyte.device.name"' AS device
FROM (
    SELECT
        attributes,
        exemplar,
        exemplar.filtered_attributes ->> '$."forgesyte.frame.index"' AS raw_index,
        try_cast(exemplar.filtered_attributes ->> '$."forgesyte.frame.rate"' AS REAL) AS raw_rate
    FROM (SELECT attributes, unnest(exemplars) AS exemplar FROM otel.all_metric_points)
)
-- Other exemplars are samples of other things.
WHERE raw_index IS NOT NULL;

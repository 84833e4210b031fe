-- Rendered frames with their exact time, which overlay_metrics rounds to whole milliseconds.
-- There is no index to a job's exemplars: all are read, whichever job is asked for (0.4 us each; one
-- json_extract for all four paths was slower here, as it also parses what the filter drops).
CREATE OR REPLACE VIEW otel.frames AS
SELECT
    exemplar.filtered_attributes ->> '$."forgesyte.job.id"' AS job_id,
    try_cast(exemplar.filtered_attributes ->> '$."forgesyte.frame.index"' AS INTEGER) AS frame_index,
    exemplar.value * 1000 AS render_time_ms,
    coalesce(
        try_cast(exemplar.filtered_attributes ->> '$."forgesyte.frame.dropped"' AS INTEGER), 0
    ) AS dropped_frames,
    try_cast(exemplar.filtered_attributes ->> '$."forgesyte.frame.rate"' AS REAL) AS fps,
    exemplar.time_unix_nano AS rendered_at,
    exemplar.trace_id AS trace_id,
    exemplar.span_id AS span_id,
    attributes ->> '$."forgesyte.plugin.name"' AS plugin,
    attributes ->> '$."forgesyte.device.name"' AS device
FROM (
    SELECT attributes, unnest(exemplars) AS exemplar
    FROM otel.metric_points
)
-- Other exemplars are samples of other things.
WHERE exemplar.filtered_attributes ->> '$."forgesyte.frame.index"' IS NOT NULL;

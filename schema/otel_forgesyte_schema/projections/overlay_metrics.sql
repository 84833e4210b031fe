-- metric_points → overlay_metrics: one row per rendered frame.
--
-- A frame is one measurement; what would be too many labels (job, frame index) travels in its exemplar.
-- Any metric whose exemplars carry both counts, so a host's own frame histogram is welcome.
INSERT INTO overlay_metrics BY NAME
WITH incoming AS MATERIALIZED (
    SELECT DISTINCT ON (id)
        -- A cumulative reader sends the same exemplar again with each export: same key, one row.
        digest_uuid(unix_nano, concat_ws('|', job_id, frame_index, unix_nano, trace_id, span_id)) AS id,
        job_id,
        frame_index,
        whole_ms(render_time_s * 1e9) AS render_time_ms,
        greatest(coalesce(dropped_frames, 0), 0) AS dropped_frames,
        -- No rate is known: null, or one frame would make every average infinite.
        CASE WHEN isfinite(fps) THEN fps END AS fps,
        utc_timestamp(coalesce(unix_nano, 0)) AS created_at
    FROM (
        SELECT
            exemplar.time_unix_nano AS unix_nano,
            exemplar.value AS render_time_s,
            exemplar.trace_id AS trace_id,
            exemplar.span_id AS span_id,
            found[1] AS job_id,
            -- A value of the wrong type makes it no frame, instead of a batch that cannot be stored.
            -- Neither may a fraction be rounded into another frame.
            CASE WHEN regexp_full_match(found[2], '-?[0-9]+(\.0+)?') THEN try_cast(found[2] AS INTEGER)
            END AS frame_index,
            try_cast(found[3] AS INTEGER) AS dropped_frames,
            try_cast(found[4] AS REAL) AS fps
        FROM (
            SELECT
                exemplar,
                json_extract_string(exemplar.filtered_attributes, [
                    '$."forgesyte.job.id"',
                    '$."forgesyte.frame.index"',
                    '$."forgesyte.frame.dropped"',
                    '$."forgesyte.frame.rate"'
                ]) AS found
            FROM (SELECT unnest(exemplars) AS exemplar FROM segment_metric_points)
        )
    )
    WHERE job_id IS NOT NULL AND frame_index IS NOT NULL AND render_time_s IS NOT NULL
)

SELECT *
FROM incoming
-- A segment ingested a second time changes nothing (see plugin_metrics).
WHERE id NOT IN (SELECT id FROM overlay_metrics JOIN incoming USING (id));

-- $rows frames, a hundred a job.
INSERT INTO overlay_metrics
SELECT
    digest_uuid(1767225600000000000 + i * 10000000, printf('frame-%d', i)) AS id,
    printf('job-%010d', i // 100) AS job_id,
    i % 100 AS frame_index,
    (i * 2654435761) % 100003 % 30 AS render_time_ms,
    (i * 31) % 97 // 96 AS dropped_frames,
    25 + i % 6 AS fps,
    make_timestamp(1767225600000000 + i * 10000) AS created_at
FROM range($rows) AS numbers (i);

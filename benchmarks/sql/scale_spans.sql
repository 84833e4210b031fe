-- The portion's spans as spans.py makes them: a job and its three plugins, 10 ms apart, eight attributes each.
INSERT INTO otel.spans BY NAME
SELECT
    digest::UUID AS trace_id,
    hash(number, part) AS span_id,
    CASE WHEN part > 0 THEN hash(number, 0) END AS parent_span_id,
    CASE WHEN part > 0 THEN false END AS parent_is_remote,
    3 AS flags,
    CASE WHEN part = 0 THEN 'job photo' ELSE concat('plugin ', plugin, '.run') END AS name,
    'INTERNAL' AS kind,
    make_timestamp_ns(unix_nano + part * 10000000) AS start_time_unix_nano,
    (number * 4 + part) * 2654435761 % 100003 * 1000 AS duration_ns,
    CASE WHEN part = 0 AND failed THEN 'ERROR' ELSE 'UNSET' END AS status_code,
    CASE WHEN part = 0 AND failed THEN 'ValueError: no face in this picture' END AS status_message,
    'benchmark' AS service_name,
    job_id,
    CASE WHEN part = 0 THEN 'photo' ELSE plugin END AS plugin,
    CASE WHEN part > 0 THEN 'run' END AS tool,
    'cpu' AS device,
    CASE
        WHEN part = 0 THEN concat(
            '{"forgesyte.operation.name":"job","forgesyte.job.id":"', job_id,
            '","forgesyte.job.status":"', CASE WHEN failed THEN 'error' ELSE 'done' END,
            '","forgesyte.job.queue.wait":0.0', 125 + number * 31 % 800,
            ',"forgesyte.plugin.name":"photo","forgesyte.device.name":"cpu",',
            '"code.function.name":"server.worker.run_job","app.upload.name":"holiday/', job_id, '.jpg"}'
        )
        ELSE concat(
            '{"forgesyte.operation.name":"plugin","forgesyte.job.id":"', job_id,
            '","forgesyte.plugin.name":"', plugin,
            '","forgesyte.plugin.tool":"run","forgesyte.plugin.soft_error":false,"forgesyte.device.name":"cpu",',
            '"code.function.name":"server.plugins.', plugin,
            '","app.image.width":', 640 + (number * 4 + part) * 7907 % 20 * 64, '}'
        )
    END AS attributes,
    'benchmark' AS scope_name,
    '1.0' AS scope_version,
    md5('generated')::UUID AS resource_id
FROM (
    SELECT *, concat('plugin-', 10 + (number * 3 + part) % 12) AS plugin
    FROM (SELECT *, unnest([0, 1, 2, 3]) AS part FROM portion)
);

-- The rows of fill_spans.sql: all columns but the promoted ones, which are what makes the difference.
CREATE TABLE spans (
    trace_id INTEGER,
    span_id INTEGER,
    parent_span_id INTEGER,
    name TEXT,
    kind TEXT,
    start_time_unix_nano INTEGER,
    duration_ns INTEGER,
    status_code TEXT,
    service_name TEXT,
    attributes TEXT
);
WITH RECURSIVE numbers (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM numbers LIMIT $rows)
INSERT INTO spans
SELECT
    i / 4,
    i,
    CASE WHEN i % 4 > 0 THEN i - i % 4 END,
    printf('plugin %s.run', plugin),
    'INTERNAL',
    1767225600000000000 + i * 1000000,
    (i * 2654435761) % 100003 * 1000,
    'UNSET',
    'benchmark',
    printf(
        '{"forgesyte.operation.name":"plugin","forgesyte.job.id":"%s","forgesyte.plugin.name":"%s",'
        || '"forgesyte.plugin.tool":"run","forgesyte.device.name":"cpu","code.function.name":"server.plugins.run",'
        || '"app.image.width":%d,"app.upload.name":"holiday/%s.jpg"}',
        job_id, plugin, 640 + (i * 7907) % 20 * 64, job_id
    )
FROM (
    SELECT i, printf('job-%010d', i / 4) AS job_id, printf('plugin-%02d', (i * 7919) % 12) AS plugin
    FROM numbers
);

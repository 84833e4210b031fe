-- $rows spans with eight attributes each, the promoted ones as columns too. The text of the attributes is
-- byte for byte that of sqlite_spans.sql.
INSERT INTO otel.spans BY NAME
SELECT
    md5(printf('trace-%d', i // 4))::UUID AS trace_id,
    md5_number_lower(printf('span-%d', i)) AS span_id,
    CASE WHEN i % 4 > 0 THEN md5_number_lower(printf('span-%d', i - i % 4)) END AS parent_span_id,
    3 AS flags,
    printf('plugin %s.run', plugin) AS name,
    'INTERNAL' AS kind,
    make_timestamp_ns(1767225600000000000 + i * 1000000) AS start_time_unix_nano,
    (i * 2654435761) % 100003 * 1000 AS duration_ns,
    'UNSET' AS status_code,
    'benchmark' AS service_name,
    job_id,
    plugin,
    'run' AS tool,
    'cpu' AS device,
    printf(
        '{"forgesyte.operation.name":"plugin","forgesyte.job.id":"%s","forgesyte.plugin.name":"%s",'
        || '"forgesyte.plugin.tool":"run","forgesyte.device.name":"cpu","code.function.name":"server.plugins.run",'
        || '"app.image.width":%d,"app.upload.name":"holiday/%s.jpg"}',
        job_id, plugin, 640 + (i * 7907) % 20 * 64, job_id
    ) AS attributes,
    'benchmark' AS scope_name,
    '1.0' AS scope_version,
    md5('resource')::UUID AS resource_id
FROM (
    SELECT i, printf('job-%010d', i // 4) AS job_id, printf('plugin-%02d', (i * 7919) % 12) AS plugin
    FROM range($rows) AS numbers (i)
);

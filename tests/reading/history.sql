-- A small history with every figure known: four ended jobs, two running ones. 2026-01-02 03:04:05 UTC.
INSERT INTO job_metrics VALUES
    ('00000000-0000-0000-0000-000000000001', 'j1', 'faces', 'cpu', 'done', 1200,
        '2026-01-02 03:04:05.25', '2026-01-02 03:04:06.45', NULL),
    ('00000000-0000-0000-0000-000000000002', 'j2', 'faces', 'gpu', 'done', 400,
        '2026-01-02 03:05:00', '2026-01-02 03:05:00.4', NULL),
    ('00000000-0000-0000-0000-000000000003', 'j3', 'faces', 'unspecified', 'error', 30,
        '2026-01-02 03:06:00', '2026-01-02 03:06:00.03', 'no face in this picture'),
    ('00000000-0000-0000-0000-000000000004', 'j4', 'text', 'cpu', 'cancelled', 7,
        '2026-01-02 03:07:00', '2026-01-02 03:07:00.007', NULL),
    ('00000000-0000-0000-0000-000000000005', 'stuck', 'text', 'unspecified', 'running', NULL,
        now() AT TIME ZONE 'UTC' - INTERVAL 2 HOURS, NULL, NULL),
    ('00000000-0000-0000-0000-000000000006', 'fresh', 'text', 'unspecified', 'running', NULL,
        now() AT TIME ZONE 'UTC' - INTERVAL 5 SECONDS, NULL, NULL);

INSERT INTO plugin_metrics VALUES
    ('00000000-0000-0000-0000-000000000011', 'j1', 'faces', 'detect', 100, true,
        '2026-01-02 03:04:05.3'),
    ('00000000-0000-0000-0000-000000000012', 'j1', 'faces', 'draw', 40, true,
        '2026-01-02 03:04:05.5'),
    ('00000000-0000-0000-0000-000000000013', 'j2', 'faces', 'detect', 300, true,
        '2026-01-02 03:05:00'),
    ('00000000-0000-0000-0000-000000000014', 'j3', 'faces', 'detect', 20, false,
        '2026-01-02 03:06:00'),
    ('00000000-0000-0000-0000-000000000015', 'j4', 'text', NULL, 5, true, '2026-01-02 03:07:00');

INSERT INTO overlay_metrics VALUES
    ('00000000-0000-0000-0000-000000000022', 'j1', 1, 3, 2, 25.0, '2026-01-02 03:04:05.74'),
    ('00000000-0000-0000-0000-000000000021', 'j1', 0, 0, 0, NULL, '2026-01-02 03:04:05.7');

INSERT INTO device_usage VALUES
    ('019b7ca9-8db4-7929-8c6c-a951670865e2', 'j1', 'gpu', 'cpu', true, '2026-01-02 03:04:05.3'),
    ('00000000-0000-0000-0000-000000000032', 'j2', 'gpu', 'gpu', false, '2026-01-02 03:05:00'),
    ('00000000-0000-0000-0000-000000000033', 'j4', 'cpu', 'cpu', false, '2026-01-02 03:07:00');

INSERT INTO otel.spans BY NAME
SELECT
    '0000000000000000000000000000000a'::UUID AS trace_id,
    span_id,
    parent_span_id,
    name,
    'INTERNAL' AS kind,
    start_time_unix_nano,
    duration_ns,
    status_code,
    'j1' AS job_id,
    'faces' AS plugin,
    tool,
    attributes::JSON AS attributes
FROM (VALUES
    (3, 1, 'plugin faces.draw', TIMESTAMP_NS '2026-01-02 03:04:05.500000000', 40000000, 'UNSET',
        'draw', NULL),
    (1, NULL, 'job faces', TIMESTAMP_NS '2026-01-02 03:04:05.250000000', 1200000001, 'UNSET',
        NULL, '{"forgesyte.job.id": "j1"}'),
    (2, 1, 'plugin faces.detect', TIMESTAMP_NS '2026-01-02 03:04:05.300000000', 100000000, 'UNSET',
        'detect', NULL),
    (255, 2, 'GET /model', TIMESTAMP_NS '2026-01-02 03:04:05.310000000', 50000000, 'ERROR',
        NULL, NULL)
) AS spans(span_id, parent_span_id, name, start_time_unix_nano, duration_ns, status_code, tool,
    attributes);

INSERT INTO otel.logs BY NAME
SELECT
    TIMESTAMP_NS '2026-01-02 03:04:05.300000000' AS time_unix_nano,
    '0000000000000000000000000000000a'::UUID AS trace_id,
    2 AS span_id,
    'INFO' AS severity_text,
    '"cpu used, gpu requested"'::JSON AS body,
    'forgesyte.device.selected' AS event_name,
    'j1' AS job_id,
    'faces' AS plugin,
    '{"forgesyte.device.requested": "cuda:0", "forgesyte.device.used": "cpu",
      "forgesyte.device.fallback.reason": "no CUDA here"}'::JSON AS attributes;

INSERT INTO otel.metric_points BY NAME
SELECT
    'forgesyte.overlay.frame.duration' AS name,
    '{"forgesyte.plugin.name": "faces", "forgesyte.device.name": "cpu"}'::JSON AS attributes,
    [{
        'time_unix_nano': TIMESTAMP_NS '2026-01-02 03:04:05.700000000',
        'value': 0.00025,
        'trace_id': NULL,
        'span_id': NULL,
        'filtered_attributes': '{"forgesyte.job.id": "j1", "forgesyte.frame.index": 0}'::JSON
    }, {
        'time_unix_nano': TIMESTAMP_NS '2026-01-02 03:04:05.740000000',
        'value': 0.003,
        'trace_id': NULL,
        'span_id': NULL,
        'filtered_attributes': '{"forgesyte.job.id": "j1", "forgesyte.frame.index": 1,
            "forgesyte.frame.dropped": 2, "forgesyte.frame.rate": 25.0}'::JSON
    }] AS exemplars;

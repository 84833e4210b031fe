-- Test cases that ran as spans with OpenTelemetry's attributes (test.case.name and its siblings), the
-- unsteady ones first.
WITH cases AS (
    SELECT
        attributes ->> '$."test.suite.name"' AS suite,
        attributes ->> '$."test.case.name"' AS test_case,
        coalesce(attributes ->> '$."test.case.result.status"' = 'fail', false) AS failed,
        duration_ns,
        start_time_unix_nano
    FROM otel.all_spans
    WHERE attributes ->> '$."test.case.name"' IS NOT NULL AND $__timeFilter(start_time_unix_nano)
)

SELECT
    suite,
    test_case,
    count(*) AS runs,
    count(*) FILTER (WHERE failed) AS failures,
    count(*) FILTER (WHERE failed) BETWEEN 1 AND count(*) - 1 AS unsteady,
    quantile_cont(duration_ns / 1e6, 0.5) AS p50_ms,
    max(start_time_unix_nano) FILTER (WHERE failed)::TIMESTAMP AS last_failed_at
FROM cases
GROUP BY ALL
ORDER BY unsteady DESC, failures DESC, suite, test_case
LIMIT 200;

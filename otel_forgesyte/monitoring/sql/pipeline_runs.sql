-- Runs of CI pipelines that came as spans with OpenTelemetry's attributes.
SELECT
    time_bucket(to_milliseconds($__interval_ms), start_time_unix_nano::TIMESTAMP) AS time,
    concat_ws(' ', attributes ->> '$."cicd.pipeline.name"', attributes ->> '$."cicd.pipeline.result"')
        AS metric,
    count(*) AS runs
FROM otel.all_spans
WHERE attributes ->> '$."cicd.pipeline.name"' IS NOT NULL AND $__timeFilter(start_time_unix_nano)
GROUP BY ALL
ORDER BY time;

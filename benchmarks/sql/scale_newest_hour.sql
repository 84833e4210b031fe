-- filter_any_attribute.sql over the hour before $until. In brackets, as DuckDB 1.5 binds ->> less tightly than AND.
SELECT count(*), sum(duration_ns)::BIGINT
FROM otel.spans
WHERE start_time_unix_nano >= $until - INTERVAL 1 HOUR
    AND start_time_unix_nano < $until
    AND (attributes ->> '$."app.image.width"') = '1280';

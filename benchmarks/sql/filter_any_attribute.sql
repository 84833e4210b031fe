-- As a user writes it: the comparison is of texts.
SELECT count(*), sum(duration_ns)::BIGINT FROM otel.spans WHERE attributes ->> '$."app.image.width"' = '1280';

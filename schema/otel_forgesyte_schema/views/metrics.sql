-- Metric points for people: one value column whatever the type, and the average of a histogram.
CREATE OR REPLACE VIEW otel.metrics AS
SELECT
    time_unix_nano AS time,
    service_name,
    name,
    metric_type,
    unit,
    attributes,
    -- A histogram's value is its average; its count and sum stay beside it.
    CASE
        WHEN count > 0 THEN sum / count
        ELSE coalesce(int_value::DOUBLE, double_value)
    END AS value,
    count,
    sum,
    aggregation_temporality
FROM otel.all_metric_points;

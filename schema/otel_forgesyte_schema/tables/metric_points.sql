-- One row per metric point of any type; the columns a type does not have are null and cost nothing.
-- One table instead of one per type: "everything this process measured at ten past" is one query.
CREATE TABLE IF NOT EXISTS otel.metric_points (
    name VARCHAR,
    -- Repeated on every row: it compresses to nothing, and a join for it would cost every query.
    description VARCHAR,
    -- UCUM: s, By, {job}. Durations are in seconds, unlike the milliseconds of the tables in main.
    unit VARCHAR,
    -- sum, gauge, histogram or exponential_histogram.
    metric_type VARCHAR,
    -- delta or cumulative; null for a gauge. Delta rows add up in SQL, cumulative ones do not.
    aggregation_temporality VARCHAR,
    -- Whether a sum only grows (a counter); null for the other types.
    is_monotonic BOOLEAN,
    -- Naive UTC. A delta point covers start to time; a gauge may have no start.
    start_time_unix_nano TIMESTAMP_NS,
    time_unix_nano TIMESTAMP_NS,
    -- The labels. Never a job id, a frame index or a path: each set of values is a series of its own.
    attributes JSON,
    -- sum and gauge: one of the two. Kept apart because a 64-bit count does not fit a double.
    int_value BIGINT,
    double_value DOUBLE,
    -- histogram and exponential_histogram. min and max are infinite where nothing was recorded.
    count UBIGINT,
    sum DOUBLE,
    min DOUBLE,
    max DOUBLE,
    -- histogram: one count more than bounds; bounds are inclusive upper limits.
    bucket_counts UBIGINT[],
    explicit_bounds DOUBLE[],
    -- exponential_histogram: bucket i of an offset covers (base^i, base^(i+1)], base = 2^(2^-scale).
    scale INTEGER,
    zero_count UBIGINT,
    positive_offset INTEGER,
    positive_bucket_counts UBIGINT[],
    negative_offset INTEGER,
    negative_bucket_counts UBIGINT[],
    -- Bit 1: no value was recorded.
    flags UINTEGER,
    -- Sample measurements with what the view filtered out of the labels. Rendered frames travel here.
    exemplars STRUCT(
        time_unix_nano TIMESTAMP_NS,
        value DOUBLE,
        trace_id UUID,
        span_id UBIGINT,
        filtered_attributes JSON
    )[],
    -- Promoted from the resource, as in otel.spans.
    service_name VARCHAR,
    -- Which process of a service: two workers' counters must never be added as one series.
    service_instance_id VARCHAR,
    scope_name VARCHAR,
    scope_version VARCHAR,
    scope_schema_url VARCHAR,
    scope_attributes JSON,
    -- Content hash of the process's resource; what it says is in otel.resources.
    resource_id UUID
);

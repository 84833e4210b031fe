-- Lines of `metric_points` segments: one per point of any type.
CREATE OR REPLACE TEMP TABLE segment_metric_points AS
SELECT *
FROM read_json(
    $files,
    format = 'newline_delimited',
    auto_detect = false,
    -- A folder of the user's called `job_id=7` is no column.
    hive_partitioning = false,
    columns = {
        metric_name: 'VARCHAR',
        description: 'VARCHAR',
        unit: 'VARCHAR',
        metric_type: 'VARCHAR',
        temporality: 'VARCHAR',
        is_monotonic: 'BOOLEAN',
        start_time_unix_nano: 'BIGINT',
        time_unix_nano: 'BIGINT',
        attributes: 'JSON',
        value_int: 'BIGINT',
        -- NaN and the infinities come as strings, which DuckDB reads as doubles.
        value_double: 'DOUBLE',
        count: 'UBIGINT',
        sum: 'DOUBLE',
        min: 'DOUBLE',
        max: 'DOUBLE',
        bucket_counts: 'UBIGINT[]',
        explicit_bounds: 'DOUBLE[]',
        scale: 'INTEGER',
        zero_count: 'UBIGINT',
        positive_offset: 'INTEGER',
        positive_bucket_counts: 'UBIGINT[]',
        negative_offset: 'INTEGER',
        negative_bucket_counts: 'UBIGINT[]',
        flags: 'UINTEGER',
        exemplars: 'STRUCT(
            time_unix_nano BIGINT,
            value DOUBLE,
            trace_id UUID,
            span_id UBIGINT,
            filtered_attributes JSON
        )[]',
        resource: 'UUID',
        service_name: 'VARCHAR',
        service_instance_id: 'VARCHAR',
        scope_name: 'VARCHAR',
        scope_version: 'VARCHAR',
        scope_schema_url: 'VARCHAR',
        scope_attributes: 'JSON'
    }
);

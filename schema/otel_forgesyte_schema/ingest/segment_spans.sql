-- Lines of `spans` segments, with the attributes that projections and promoted columns need as columns.
CREATE OR REPLACE TEMP TABLE segment_spans AS
SELECT
    * EXCLUDE (found),
    -- What the operation is; null for spans that are nobody's job or plugin.
    found[1] AS operation,
    found[2] AS job_id,
    found[3] AS plugin,
    found[4] AS tool,
    found[5] AS device,
    found[6] AS job_status,
    found[7] = 'true' AS soft_error,
    found[8] AS error_type
FROM (
    SELECT
        *,
        -- All paths in one call: DuckDB parses the text once per call, not once per path.
        json_extract_string(attributes, [
            '$."forgesyte.operation.name"',
            '$."forgesyte.job.id"',
            '$."forgesyte.plugin.name"',
            '$."forgesyte.plugin.tool"',
            '$."forgesyte.device.name"',
            '$."forgesyte.job.status"',
            '$."forgesyte.plugin.soft_error"',
            '$."error.type"'
        ]) AS found
    FROM read_json(
        $files,
        format = 'newline_delimited',
        -- Guessing types would make the table depend on the data, and costs a second pass.
        auto_detect = false,
        -- A folder of the user's called `job_id=7` is no column.
        hive_partitioning = false,
        columns = {
            trace_id: 'UUID',
            span_id: 'UBIGINT',
            parent_span_id: 'UBIGINT',
            parent_is_remote: 'BOOLEAN',
            trace_state: 'VARCHAR',
            flags: 'UINTEGER',
            name: 'VARCHAR',
            kind: 'VARCHAR',
            start_time_unix_nano: 'BIGINT',
            -- Null for the start record of a span still running.
            end_time_unix_nano: 'BIGINT',
            status_code: 'VARCHAR',
            status_message: 'VARCHAR',
            resource: 'UUID',
            service_name: 'VARCHAR',
            scope_name: 'VARCHAR',
            scope_version: 'VARCHAR',
            scope_schema_url: 'VARCHAR',
            scope_attributes: 'JSON',
            attributes: 'JSON',
            events: 'STRUCT(
                name VARCHAR,
                time_unix_nano BIGINT,
                attributes JSON,
                dropped_attributes_count UINTEGER
            )[]',
            links: 'STRUCT(
                trace_id UUID,
                span_id UBIGINT,
                trace_state VARCHAR,
                flags UINTEGER,
                attributes JSON,
                dropped_attributes_count UINTEGER
            )[]',
            dropped_attributes_count: 'UINTEGER',
            dropped_events_count: 'UINTEGER',
            dropped_links_count: 'UINTEGER',
            -- False for lines that only feed projections: a start record, a span the sampler dropped.
            stored: 'BOOLEAN'
        }
    )
);

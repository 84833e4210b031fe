-- Lines of `logs` segments, with the attributes that projections and promoted columns need as columns.
CREATE OR REPLACE TEMP TABLE segment_logs AS
SELECT
    * EXCLUDE (found),
    found[1] AS job_id,
    found[2] AS plugin,
    -- What structured logging passes under the column's own name; OpenTelemetry has no name for them.
    found[3] AS request_id,
    found[4] AS error_fingerprint,
    coalesce(found[5], found[6]) AS error_type,
    found[7] AS device_requested,
    found[8] AS device_used
FROM (
    SELECT
        *,
        json_extract_string(attributes, [
            '$."forgesyte.job.id"',
            '$."forgesyte.plugin.name"',
            '$.request_id',
            '$.error_fingerprint',
            '$."error.type"',
            '$."exception.type"',
            '$."forgesyte.device.requested"',
            '$."forgesyte.device.used"'
        ]) AS found
    FROM read_json(
        $files,
        format = 'newline_delimited',
        auto_detect = false,
        -- A folder of the user's called `job_id=7` is no column.
        hive_partitioning = false,
        columns = {
            time_unix_nano: 'BIGINT',
            observed_time_unix_nano: 'BIGINT',
            trace_id: 'UUID',
            span_id: 'UBIGINT',
            trace_flags: 'UINTEGER',
            severity_number: 'INTEGER',
            severity_text: 'VARCHAR',
            -- JSON, not text: a structured body keeps its structure.
            body: 'JSON',
            event_name: 'VARCHAR',
            attributes: 'JSON',
            dropped_attributes_count: 'UINTEGER',
            resource: 'UUID',
            service_name: 'VARCHAR',
            scope_name: 'VARCHAR',
            scope_version: 'VARCHAR',
            scope_schema_url: 'VARCHAR',
            scope_attributes: 'JSON'
        }
    )
);

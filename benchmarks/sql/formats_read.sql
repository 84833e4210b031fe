-- A segment's rows as columns, with what projections need of the attributes (ingest/segment_spans.sql).
CREATE OR REPLACE TEMP TABLE segment AS
SELECT
    * REPLACE (trace_id::UUID AS trace_id),
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
FROM source

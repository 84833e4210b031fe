-- Lines of `resources` segments: one per resource content and writer.
CREATE OR REPLACE TEMP TABLE segment_resources AS
SELECT *
FROM read_json(
    $files,
    format = 'newline_delimited',
    -- Guessing types would make the table depend on the data: an id of digits would become a number.
    auto_detect = false,
    -- A folder of the user's called `job_id=7` is no column.
    hive_partitioning = false,
    columns = {
        resource: 'UUID',
        schema_url: 'VARCHAR',
        attributes: 'JSON'
    }
);

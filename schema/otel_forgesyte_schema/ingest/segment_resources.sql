-- Lines of `resources` segments: one per resource content and writer.
CREATE OR REPLACE TEMP TABLE segment_resources AS
SELECT *
FROM read_json(
    $files,
    format = 'newline_delimited',
    -- Guessing types would make the table depend on the data: an id of digits would become a number.
    auto_detect = false,
    columns = {
        resource: 'UUID',
        schema_url: 'VARCHAR',
        attributes: 'JSON'
    }
);

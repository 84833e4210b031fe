-- Lines of `losses` segments: what a process had to drop, written by that process.
CREATE OR REPLACE TEMP TABLE segment_losses AS
SELECT *
FROM read_json(
    $files,
    format = 'newline_delimited',
    auto_detect = false,
    -- A folder of the user's called `job_id=7` is no column.
    hive_partitioning = false,
    columns = {
        time_unix_nano: 'BIGINT',
        signal: 'VARCHAR',
        reason: 'VARCHAR',
        count: 'UBIGINT',
        process: 'VARCHAR',
        detail: 'VARCHAR'
    }
);

-- About how many bytes in use hold deleted rows. DuckDB frees a row group (122,880 rows) as a whole: by the
-- blocks alone, a size would let rows go until the last one of it, in a small database all there are.
SELECT coalesce(blocks * block_size * (1 - (SELECT count(*) FROM TABLE) / nullif(rows, 0)), 0)::BIGINT
FROM (
    SELECT
        count(DISTINCT block_id) FILTER (WHERE block_id >= 0) AS blocks,
        sum(count) FILTER (WHERE column_path = '[0]') AS rows
    FROM pragma_storage_info('TABLE')
), (SELECT block_size FROM pragma_database_size() WHERE database_name = current_database());

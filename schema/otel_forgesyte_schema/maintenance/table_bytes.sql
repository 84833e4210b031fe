-- About how many bytes of the file a table takes, whole blocks only.
SELECT count(DISTINCT block_id) * (
    SELECT block_size FROM pragma_database_size() WHERE database_name = current_database()
)
FROM pragma_storage_info('TABLE')
WHERE block_id >= 0;

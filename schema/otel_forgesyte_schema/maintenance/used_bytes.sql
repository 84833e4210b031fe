-- Bytes in use of the file: deleted rows leave room that new ones take, and only compacting returns it.
SELECT block_size * used_blocks FROM pragma_database_size() WHERE database_name = current_database();

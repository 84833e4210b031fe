-- Whether the current database has a version stamp to read. Asked first, because a query that fails
-- aborts the caller's transaction on DuckDB 2.
SELECT count(*) > 0
FROM duckdb_tables()
WHERE database_name = current_database()
    AND schema_name = 'otel'
    AND table_name = 'schema_version';

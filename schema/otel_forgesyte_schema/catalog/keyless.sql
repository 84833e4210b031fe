-- Whether the database in use is a lake, where PRIMARY KEY is not implemented.
SELECT type = 'ducklake'
FROM duckdb_databases()
WHERE database_name = current_database();

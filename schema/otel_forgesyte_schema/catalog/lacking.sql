-- What the database in use cannot do that the table files ask for: a lake has no PRIMARY KEY and compresses
-- by itself; a file begun for DuckDB before 1.2, which is what 1.5 does by default, knows no Zstandard.
SELECT
    type = 'ducklake' AS keys,
    type = 'ducklake' OR coalesce(tags['storage_version'] < 'v1.2', false) AS zstandard
FROM duckdb_databases()
WHERE database_name = current_database();

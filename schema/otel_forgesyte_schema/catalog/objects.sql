-- Tables and views of the current database in the two schemas that are ours to know.
-- Internal ones are DuckDB's own; every database shows them in `main`.
SELECT schema_name || '.' || table_name AS name, 'table' AS kind
FROM duckdb_tables()
WHERE database_name = current_database() AND schema_name IN ('main', 'otel') AND NOT internal
UNION ALL
SELECT schema_name || '.' || view_name, 'view'
FROM duckdb_views()
WHERE database_name = current_database() AND schema_name IN ('main', 'otel') AND NOT internal
ORDER BY name;

-- What there is by name in the two schemas of the current database that are ours to know: tables, views,
-- and the kinds of object this schema has none of.
-- Internal ones are DuckDB's own; every database shows them in `main`.
SELECT schema_name || '.' || table_name AS name, 'table' AS kind
FROM duckdb_tables()
WHERE database_name = current_database() AND schema_name IN ('main', 'otel') AND NOT internal
UNION ALL
SELECT schema_name || '.' || view_name, 'view'
FROM duckdb_views()
WHERE database_name = current_database() AND schema_name IN ('main', 'otel') AND NOT internal
UNION ALL
-- A macro, a sequence and a type may each have the name of a table: the kind is part of theirs.
SELECT DISTINCT 'macro ' || schema_name || '.' || function_name, 'macro'
FROM duckdb_functions()
WHERE database_name = current_database() AND schema_name IN ('main', 'otel') AND NOT internal
UNION ALL
SELECT 'sequence ' || schema_name || '.' || sequence_name, 'sequence'
FROM duckdb_sequences()
WHERE database_name = current_database() AND schema_name IN ('main', 'otel')
UNION ALL
SELECT 'type ' || schema_name || '.' || type_name, 'type'
FROM duckdb_types()
WHERE database_name = current_database() AND schema_name IN ('main', 'otel') AND NOT internal
ORDER BY name;

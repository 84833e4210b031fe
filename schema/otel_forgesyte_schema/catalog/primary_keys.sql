-- Primary keys of those tables. NOT NULL is told by the columns, other constraints by the additions.
SELECT schema_name || '.' || table_name AS name, constraint_column_names
FROM duckdb_constraints()
WHERE database_name = current_database()
    AND schema_name IN ('main', 'otel')
    AND constraint_type = 'PRIMARY KEY'
ORDER BY name;

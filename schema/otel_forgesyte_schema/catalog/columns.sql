-- Columns of those tables and views, in the order they stand.
SELECT
    schema_name || '.' || table_name AS name,
    column_name,
    data_type,
    is_nullable,
    -- A lake spells out that there is none, and quotes numbers.
    regexp_replace(nullif(column_default, 'NULL'), '^''([0-9]+)''$', '\1')
FROM duckdb_columns()
WHERE database_name = current_database() AND schema_name IN ('main', 'otel') AND NOT internal
ORDER BY name, column_index;

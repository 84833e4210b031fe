-- What tables may carry besides columns and a primary key, as DuckDB prints it: this schema has neither
-- index nor CHECK, UNIQUE or FOREIGN KEY, and each of them can refuse a batch.
SELECT schema_name || '.' || table_name AS name, rtrim(sql, ';') AS addition
FROM duckdb_indexes()
WHERE database_name = current_database() AND schema_name IN ('main', 'otel')
UNION ALL
SELECT schema_name || '.' || table_name, constraint_text
FROM duckdb_constraints()
WHERE database_name = current_database()
    AND schema_name IN ('main', 'otel')
    AND constraint_type NOT IN ('PRIMARY KEY', 'NOT NULL')
ORDER BY name, addition;

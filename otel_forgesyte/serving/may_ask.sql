-- What a reader may ask over quack, which calls this before each question: one SELECT that names
-- tables and views, and of the functions that make rows only those that reach nothing else.
--   json_serialize_sql knows SELECT statements alone: whatever writes, attaches, sets, loads or
--     begins a transaction has no tree, and is refused with whatever cannot be parsed.
--   A name with a dot or a slash in it would be looked for as a file. DuckDB's own views of settings, logs
--     and statements tell what its functions would: settings come from the environment too, where a proxy's
--     address may hold a password.
--   Rows can also come from functions that read files, ask the network, run SQL given as text, stop
--     the server, or take an address in memory: a list of the harmless ones outlives new ones.
--   Of the functions in expressions, all are harmless but those that wait, log, count, tell settings
--     or plan SQL given as text: planning calls what reads files and addresses in memory.
-- Appending, which a client does without SQL, is asked about as `INSERT INTO schema.table VALUES
-- (NULL)` by DuckDB 1.5.5. Where it is not: what sessions have in use holds views only, and nothing
-- can be appended to a view (held.py).
CREATE MACRO memory.main.otel_forgesyte_may_ask(session, question) AS (
    WITH parsed AS MATERIALIZED (SELECT json_serialize_sql(question::VARCHAR) AS tree)
    SELECT tree ->> '$.error' = 'false'
        AND json_array_length(tree, '$.statements') = 1
        AND coalesce((
            SELECT bool_and(coalesce(CASE
                WHEN key IN ('table_name', 'schema_name', 'catalog_name')
                    THEN regexp_full_match(coalesce(atom ->> '$', ''), '"?[A-Za-z_][A-Za-z0-9_]*"?|')
                        AND trim(lower(coalesce(atom ->> '$', '')), '"') NOT IN (
                            'pg_settings', 'duckdb_logs', 'pg_prepared_statements'
                        )
                WHEN key = 'function_name'
                    THEN lower(atom ->> '$') NOT IN (
                        'sleep_ms', 'pg_sleep', 'write_log', 'nextval', 'currval', 'setval',
                        'current_setting', 'getvariable', 'getenv', 'json_serialize_plan',
                        'quack_check_token', 'quack_nop_authorization'
                    )
                ELSE lower(value ->> '$.function_name') IN (
                    'range', 'generate_series', 'unnest', 'json_each', 'json_tree',
                    'duckdb_tables', 'duckdb_views', 'duckdb_columns', 'duckdb_schemas'
                )
            END, false))
            FROM json_tree(tree)
            WHERE key IN ('table_name', 'schema_name', 'catalog_name', 'function_name')
                OR key = 'function' AND type = 'OBJECT'
        ), true)
    FROM parsed
);

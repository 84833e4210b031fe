-- The hash in otel.job_keys. Not hash(): its result may change with DuckDB's version, and this is stored.
CREATE OR REPLACE TEMP MACRO job_key(job_id) AS md5_number_lower(job_id);

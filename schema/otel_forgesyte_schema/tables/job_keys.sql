-- Where each job's row is: an index by hand, for the projection that keeps one row per job.
-- Every batch asks of its jobs "is there a row already?". Comparing the text of job_metrics.job_id
-- costs 22-27 ns per stored job and batch, a quarter of a second at 10 M jobs; this column costs 4-5.
-- CREATE INDEX does not help, as joins do not use it, and random keys would triple the file.
CREATE TABLE IF NOT EXISTS otel.job_keys (
    -- 64 bits of the job id's hash; whoever reads it compares job_id too. With 32 bits every batch
    -- had a false match or two, whose old row number made DuckDB read all blocks in between.
    job_key UBIGINT,
    -- job_metrics.id, which never changes. A row whose job was deleted there is harmless.
    id UUID
);

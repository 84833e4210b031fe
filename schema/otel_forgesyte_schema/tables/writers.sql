-- How many records each writer that has ended took in, by its own count: the other side of the equation
-- that otel.segments and otel.loss_ledger add up to. Writers still at work keep theirs in the spool.
CREATE TABLE IF NOT EXISTS otel.writers (
    -- Process id and a random part: what the names of its segments begin with.
    writer VARCHAR,
    -- spans, metric_points, logs.
    signal VARCHAR,
    -- Records put into segments or set aside. Those dropped at the door stand in the loss ledger alone.
    accepted UBIGINT,
    -- When this was noted. Naive UTC.
    ended_at TIMESTAMP
);

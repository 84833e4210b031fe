-- What could not be stored: accepted = stored + spooled + dead + sum(count), and a user can read it.
CREATE TABLE IF NOT EXISTS otel.loss_ledger (
    -- When the loss was noticed. Naive UTC.
    time TIMESTAMP,
    -- spans, metric_points, logs, ...
    signal VARCHAR,
    -- A short fixed phrase, to be grouped by: queue full, disk full, not serialisable, ...
    reason VARCHAR,
    -- Records lost, not occasions.
    count UBIGINT,
    -- pid@host of the process that lost them.
    process VARCHAR,
    -- Free text for a person: the error's own words.
    detail VARCHAR
);

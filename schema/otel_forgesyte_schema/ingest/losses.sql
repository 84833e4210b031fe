-- Store what could not be stored.
INSERT INTO otel.loss_ledger BY NAME
SELECT
    utc_timestamp(time_unix_nano) AS time,
    signal,
    reason,
    count,
    process,
    detail
FROM segment_losses;

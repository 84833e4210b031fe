-- accepted = stored + spooled + dead + dropped, as far as the database can know: what still waits in
-- the spool, and writers still at work, are told by `otel-forgesyte status`.
SELECT
    signal,
    sum(accepted)::BIGINT AS accepted_by_ended_writers,
    sum(stored)::BIGINT AS stored,
    sum(dead)::BIGINT AS set_aside,
    sum(dropped)::BIGINT AS dropped
FROM (
    SELECT signal, accepted, 0 AS stored, 0 AS dead, 0 AS dropped FROM otel.writers
    UNION ALL
    SELECT signal, 0, stored, dead, 0 FROM otel.segments
    UNION ALL
    SELECT signal, 0, 0, 0, count FROM otel.loss_ledger
)
GROUP BY signal
ORDER BY signal;

SELECT
    signal,
    reason,
    sum(count)::BIGINT AS records,
    max(time) AS last_at,
    arg_max(process, time) AS last_process,
    arg_max(detail, time) AS last_detail
FROM otel.loss_ledger
WHERE $__timeFilter(time)
GROUP BY signal, reason
ORDER BY records DESC, signal, reason;

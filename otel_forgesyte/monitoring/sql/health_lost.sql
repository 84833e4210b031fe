SELECT coalesce(sum(count), 0)::BIGINT AS records
FROM otel.loss_ledger
WHERE $__timeFilter(time);

-- Writers of version 1 kept no count of their own: the ledger's stands for it, before its rows are added up.
INSERT INTO otel.writers (writer, signal, accepted, ended_at)
SELECT regexp_extract(segment, '^[0-9]+-[0-9a-f]+') AS writer, signal, sum(lines), max(ingested_at)
FROM otel.segments
WHERE segment IS NOT NULL
    AND segment NOT LIKE '0-%'
    AND signal NOT IN ('resources', 'losses')
    AND NOT EXISTS (SELECT 1 FROM otel.writers)
GROUP BY ALL;

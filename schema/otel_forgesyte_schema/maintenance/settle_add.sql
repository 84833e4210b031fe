-- Their sums stay, one row a signal and without a name: accepted = stored + ... holds as before.
INSERT INTO otel.segments (segment, signal, lines, stored, dead, ingested_at)
SELECT NULL, signal, sum(lines), sum(stored), sum(dead), max(ingested_at)
FROM settled
GROUP BY signal;

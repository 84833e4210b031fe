-- Ledger rows nobody needs by name any more: their segments were stored before $before, and no file of
-- that name waits in the spool ($spooled). Rows added up earlier are among them.
CREATE OR REPLACE TEMP TABLE settled AS
SELECT rowid AS row, signal, lines, stored, dead, ingested_at
FROM otel.segments
WHERE ingested_at < $before
    AND (segment IS NULL OR segment NOT IN (SELECT unnest($spooled::VARCHAR[])));

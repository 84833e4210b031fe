-- Delete the ledger rows that were added up.
DELETE FROM otel.segments WHERE rowid IN (SELECT row FROM settled);

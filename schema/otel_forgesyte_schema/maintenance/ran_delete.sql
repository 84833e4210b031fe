-- Forget the run before (with ran_insert in one transaction; no key, so a lakehouse can hold it too).
DELETE FROM otel.housekeeping WHERE task = 'retention';

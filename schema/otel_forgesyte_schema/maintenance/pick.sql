-- Which rows go next: at most $most of one stretch of time, by their row numbers.
-- A number of rows and not a stretch: the database is held for as long as these take.
CREATE OR REPLACE TEMP TABLE doomed AS
SELECT rowid AS row
FROM TABLE
WHERE MOMENT >= $since::TIMESTAMP AND MOMENT < $until::TIMESTAMP
LIMIT $most;

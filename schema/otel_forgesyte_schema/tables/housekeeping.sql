-- When the background tasks last ran: several processes drain one database in turn, and only one of them
-- need clean it in the same hour.
CREATE TABLE IF NOT EXISTS otel.housekeeping (
    -- retention is the only one so far.
    task VARCHAR,
    -- When it last found nothing more to do. Naive UTC; one row a task.
    ran_at TIMESTAMP
);

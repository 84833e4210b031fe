-- Nanoseconds as whole milliseconds that fit an INTEGER: rounded (1.6 ms is 2, not 1), never negative
-- (a clock set back during the work), and 24.8 days at most instead of a batch that cannot be stored.
CREATE OR REPLACE TEMP MACRO whole_ms(duration_ns) AS
    least(greatest(round(duration_ns / 1e6), 0), 2147483647)::INTEGER;

-- Nanoseconds as whole milliseconds that fit an INTEGER: rounded (1.6 ms is 2, not 1), never negative
-- (a clock set back during the work), and 24.8 days at most instead of a batch that cannot be stored.
-- Not a number or infinite is no time at all: 0, as 24.8 days would outweigh every real one.
CREATE OR REPLACE TEMP MACRO whole_ms(duration_ns) AS CASE
    WHEN NOT isfinite(duration_ns / 1e6) THEN 0
    ELSE least(greatest(round(duration_ns / 1e6), 0), 2147483647)::INTEGER
END;

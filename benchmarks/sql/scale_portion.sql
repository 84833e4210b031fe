-- Jobs number $first to $last - 1, 25 a second from the first of January 2026, with what their spans and rows share.
CREATE OR REPLACE TEMP TABLE portion AS
SELECT
    number,
    concat('job-', 1000000000 + number) AS job_id,
    1767225600000000000 + number * 40000000 AS unix_nano,
    -- Digests, so that ids compress as badly as random ones do.
    md5(number::VARCHAR) AS digest,
    number % 97 = 0 AS failed
FROM range($first, $last) AS numbers (number);

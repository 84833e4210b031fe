-- Nanoseconds since the epoch as a naive UTC timestamp. make_timestamp never asks the session for its
-- time zone; to_timestamp gives TIMESTAMPTZ, which a cast to TIMESTAMP turns into local time.
CREATE OR REPLACE TEMP MACRO utc_timestamp(unix_nano) AS make_timestamp(unix_nano // 1000);

-- A UUID in the version 7 layout (RFC 9562, section 5.7): unix milliseconds first, then digits given.
-- Deterministic, unlike uuidv7(): the same record gives the same key however often it is written.
-- digits: at least 18 hexadecimal digits that identify the record; 72 bits of them are used.
CREATE OR REPLACE TEMP MACRO record_uuid(unix_nano, digits) AS (
    -- A record without a time, or from before 1970, still needs a key: it sorts first.
    lpad(to_hex(greatest(coalesce(unix_nano, 0), 0) // 1000000), 12, '0')
    || '7' || substr(digits, 1, 3)
    -- The variant, binary 10: of the four digits allowed always 8, as a free choice of 2 bits more
    -- would cost a lookup per row and 72 bits within one millisecond are plenty.
    || '8' || substr(digits, 4, 15)
)::UUID;

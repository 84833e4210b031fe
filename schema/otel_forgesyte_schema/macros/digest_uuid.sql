-- The key of a row that came from something with no id of its own: a frame, a log event.
-- content: text that tells it from every other; hashed, because its parts may be of any length.
CREATE OR REPLACE TEMP MACRO digest_uuid(unix_nano, content) AS record_uuid(unix_nano, md5(content));

-- The same while a file is missing: an answer without its rows would look complete, so it is an error.
FROM TABLE
WHERE (SELECT error(MESSAGE))::BOOLEAN;

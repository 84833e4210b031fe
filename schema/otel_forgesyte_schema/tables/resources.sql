-- Each distinct resource once. On every span instead, it would be the largest column of the table.
CREATE TABLE IF NOT EXISTS otel.resources (
    -- Content hash over attributes and schema URL; the other tables carry it. Not a primary key:
    -- one drainer at a time inserts what is missing, and an index would forbid a lakehouse as target.
    resource_id UUID,
    schema_url VARCHAR,
    attributes JSON,
    -- Promoted, so that "which services, which processes" needs no JSON.
    service_name VARCHAR,
    service_namespace VARCHAR,
    service_instance_id VARCHAR
);

-- Store the resources not seen before. Every process writes its own once per start, so most are known.
INSERT INTO otel.resources
    (resource_id, schema_url, attributes, service_name, service_namespace, service_instance_id)
SELECT
    resource,
    schema_url,
    attributes,
    attributes ->> '$."service.name"',
    attributes ->> '$."service.namespace"',
    attributes ->> '$."service.instance.id"'
FROM segment_resources
WHERE resource NOT IN (SELECT resource_id FROM otel.resources WHERE resource_id IS NOT NULL)
-- Two workers started together write the same content into one batch.
QUALIFY row_number() OVER (PARTITION BY resource) = 1;

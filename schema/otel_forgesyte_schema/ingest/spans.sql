-- Store the segment's spans, except the lines meant for projections only.
INSERT INTO otel.spans BY NAME
SELECT
    trace_id,
    span_id,
    parent_span_id,
    parent_is_remote,
    trace_state,
    flags,
    name,
    kind,
    -- Integers become timestamps here rather than in the reader: read_json takes no epoch numbers.
    make_timestamp_ns(start_time_unix_nano) AS start_time_unix_nano,
    end_time_unix_nano - start_time_unix_nano AS duration_ns,
    status_code,
    status_message,
    service_name,
    job_id,
    plugin,
    tool,
    device,
    error_type,
    attributes,
    -- A comprehension over null is null: spans without events pay nothing for it.
    [{
        -- A lake's inlined rows go to PostgreSQL as text where they are nested, which a NUL would end.
        'name': replace(event.name, chr(0), chr(65533)),
        'time_unix_nano': make_timestamp_ns(event.time_unix_nano),
        'attributes': event.attributes,
        'dropped_attributes_count': event.dropped_attributes_count
    } FOR event IN events] AS events,
    [{
        'trace_id': link.trace_id,
        'span_id': link.span_id,
        'trace_state': replace(link.trace_state, chr(0), chr(65533)),
        'flags': link.flags,
        'attributes': link.attributes,
        'dropped_attributes_count': link.dropped_attributes_count
    } FOR link IN links] AS links,
    dropped_attributes_count,
    dropped_events_count,
    dropped_links_count,
    scope_name,
    scope_version,
    scope_schema_url,
    scope_attributes,
    resource AS resource_id
FROM segment_spans
-- A line without the mark is an ordinary span: any other writer of segments may leave it out.
WHERE coalesce(stored, true);

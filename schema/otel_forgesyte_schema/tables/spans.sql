-- Every span the sampler kept, with every field of the SDK's ReadableSpan.
-- Nothing here is NOT NULL and there is no key: a constraint would turn one odd record into a lost
-- batch, and the segment ledger already makes ingestion exactly-once. Names follow the OpenTelemetry
-- data model as DuckDB's otlp extension spells it, except where our contract names a column.
CREATE TABLE IF NOT EXISTS otel.spans (
    -- UUID and integer instead of hex text: a trace is found in 1.3 ms instead of 8-14 ms, and takes
    -- half the space. otel.traces shows the hex form.
    trace_id UUID,
    span_id UBIGINT,
    -- Null for the first span of a trace.
    parent_span_id UBIGINT,
    -- Whether the parent ran in another process; null without a parent.
    parent_is_remote BOOLEAN,
    -- As it came over the wire: vendors' own routing and sampling notes.
    trace_state VARCHAR,
    -- W3C trace flags: test bits, never equality (sampled and random give 3).
    flags UINTEGER,
    -- Of low cardinality by convention: what varies belongs into the attributes.
    name VARCHAR,
    -- INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER: words, because people type them and the column
    -- compresses to a dictionary. otel.otlp_traces has the numbers.
    kind VARCHAR,
    -- Naive UTC. The end is start + duration: storing both would cost 8 bytes a span for nothing.
    start_time_unix_nano TIMESTAMP_NS,
    -- May be negative where the clock was set back during the span; kept as measured.
    duration_ns BIGINT,
    -- UNSET, OK or ERROR. Most good spans are UNSET: ask for ERROR, never for "not OK".
    status_code VARCHAR,
    -- Only ever beside ERROR: the SDK drops a message given with another code.
    status_message VARCHAR,
    -- Promoted from resource and attributes: filtering 1 M spans on one of these takes a few
    -- milliseconds, on any other key of the JSON text 220.
    service_name VARCHAR,
    job_id VARCHAR,
    plugin VARCHAR,
    tool VARCHAR,
    device VARCHAR,
    error_type VARCHAR,
    -- JSON text. VARIANT filters 30 times faster on DuckDB 2 and 13 times slower on 1.5, and costs
    -- 65 us a span where applications use many different key sets. Zstandard by name: DuckDB takes it
    -- by itself for texts of 4 KB or more only, and its own choice needs 68 bytes a span instead of 12,
    -- three times the CPU to write and a fifth more to read.
    attributes JSON USING COMPRESSION zstd,
    -- Typed instead of JSON, so that unnest gives columns. Exceptions come as log events, not here:
    -- as a span event one costs its caller 115 us.
    events STRUCT(
        name VARCHAR,
        time_unix_nano TIMESTAMP_NS,
        attributes JSON,
        dropped_attributes_count UINTEGER
    )[],
    -- Other traces this span belongs to as well: a batch and the requests in it.
    links STRUCT(
        trace_id UUID,
        span_id UBIGINT,
        trace_state VARCHAR,
        flags UINTEGER,
        attributes JSON,
        dropped_attributes_count UINTEGER
    )[],
    -- What the SDK's limits cut off: without these, a missing attribute looks like one never set.
    dropped_attributes_count UINTEGER,
    dropped_events_count UINTEGER,
    dropped_links_count UINTEGER,
    -- Which library made the span, and its version: a change in somebody's instrumentation shows here.
    scope_name VARCHAR,
    scope_version VARCHAR,
    scope_schema_url VARCHAR,
    scope_attributes JSON,
    -- Content hash of the process's resource; what it says is in otel.resources.
    resource_id UUID
);

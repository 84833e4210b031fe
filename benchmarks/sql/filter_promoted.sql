SELECT count(*), sum(duration_ns)::BIGINT FROM otel.spans WHERE plugin = 'plugin-03';

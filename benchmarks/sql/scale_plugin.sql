-- By a column of its own: a sixteenth of all spans.
SELECT count(*), sum(duration_ns)::BIGINT FROM otel.spans WHERE plugin = 'plugin-13';

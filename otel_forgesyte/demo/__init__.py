"""A real pipeline over real pictures, observed: `otel-forgesyte demo`."""

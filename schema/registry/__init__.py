"""The names that otel-forgesyte emits: their definition, the generator and the linter.

The YAML files are an OpenTelemetry semantic-convention registry in the `definition/2` layout
(https://github.com/open-telemetry/weaver/blob/main/schemas/semconv-syntax.v2.md). The modules read
no more of that layout than the files use, and refuse the rest instead of passing over it.
"""

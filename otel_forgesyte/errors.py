"""Every error this project raises on purpose, as one tree.

    TelemetryError               catches all of ours
    ├── SchemaMismatch           the database is not what this version expects; says what to run
    │   └── SchemaTooNew         ... because a newer version wrote it
    ├── ConfigError              a setting cannot be used; names the setting and what to do
    └── DatabaseLocked           another process held the database file longer than was waited for

Set-up and commands raise them. A running job never sees one: what goes wrong there is counted in
`otel_forgesyte.telemetry.failures()`.
"""

from otel_forgesyte_schema.errors import (
    ConfigError,
    DatabaseLocked,
    SchemaMismatch,
    SchemaTooNew,
    TelemetryError,
)

__all__ = ["ConfigError", "DatabaseLocked", "SchemaMismatch", "SchemaTooNew", "TelemetryError"]

"""Everything that can go wrong here, as one tree.

    TelemetryError                  the root: `except TelemetryError` catches all of ours
    ├── ConfigError                 a setting cannot be understood or used
    ├── DatabaseLocked              another process holds the database, and waiting did not help
    └── SchemaMismatch              the database is not what this version of the package expects
        └── SchemaTooNew            ... because a newer version of the package wrote it

The tree stands here because this package imports nothing but the standard library, so every other
part may import it; `otel_forgesyte.errors` offers it to users.
"""

from __future__ import annotations


class TelemetryError(Exception):
    """Root of every error this project raises on purpose; set-up and commands only, never a job."""


class ConfigError(TelemetryError):
    """A setting cannot be understood or used; says which, where it came from and what would fit."""


class DatabaseLocked(TelemetryError):  # noqa: N818 - reads as the fact it states
    """Another process holds the database; the message names it and how long was waited."""


class SchemaMismatch(TelemetryError):  # noqa: N818 - reads as the fact it states
    """The database's schema is not this package's; the message says what to run."""


class SchemaTooNew(SchemaMismatch):
    """A newer package wrote this database; the message says which version it needs."""

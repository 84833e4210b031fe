"""The database schema of otel-forgesyte as data: SQL files, and the few calls that run them.

Nothing here imports anything but the standard library; the caller brings the connection.
"""

from __future__ import annotations

from otel_forgesyte_schema.applying import apply, check_version
from otel_forgesyte_schema.connection import Connection
from otel_forgesyte_schema.drift import Drift, drift
from otel_forgesyte_schema.errors import SchemaMismatch, SchemaTooNew, TelemetryError
from otel_forgesyte_schema.migrating import (
    MIGRATIONS,
    Migration,
    MigrationReport,
    bring_up_to_date,
    migrate,
)
from otel_forgesyte_schema.order import SCHEMA_VERSION
from otel_forgesyte_schema.questions import query
from otel_forgesyte_schema.segments import Projection, ingest, phase8_projections, prepare
from otel_forgesyte_schema.sqlfiles import SqlFile
from otel_forgesyte_schema.stamping import live_version

__all__ = [
    "MIGRATIONS",
    "SCHEMA_VERSION",
    "Connection",
    "Drift",
    "Migration",
    "MigrationReport",
    "Projection",
    "SchemaMismatch",
    "SchemaTooNew",
    "SqlFile",
    "TelemetryError",
    "apply",
    "bring_up_to_date",
    "check_version",
    "drift",
    "ingest",
    "live_version",
    "migrate",
    "phase8_projections",
    "prepare",
    "query",
]

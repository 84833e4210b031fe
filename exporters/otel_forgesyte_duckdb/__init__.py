"""OpenTelemetry spans, metrics and logs into one DuckDB file, by way of a spool."""

from __future__ import annotations

from otel_forgesyte_duckdb.batches import DrainReport
from otel_forgesyte_duckdb.database import reading, writing
from otel_forgesyte_duckdb.dead_letters import DeadLetter, read_letters
from otel_forgesyte_duckdb.draining import drain
from otel_forgesyte_duckdb.exporters import (
    DuckDBLogExporter,
    DuckDBMetricExporter,
    DuckDBSpanExporter,
)
from otel_forgesyte_duckdb.reporting import report_metrics
from otel_forgesyte_duckdb.settings import SettingRow, Settings
from otel_forgesyte_duckdb.status import StoreStatus, store_status
from otel_forgesyte_schema.errors import ConfigError, DatabaseLocked

__all__ = [
    "ConfigError",
    "DatabaseLocked",
    "DeadLetter",
    "DrainReport",
    "DuckDBLogExporter",
    "DuckDBMetricExporter",
    "DuckDBSpanExporter",
    "SettingRow",
    "Settings",
    "StoreStatus",
    "drain",
    "read_letters",
    "reading",
    "report_metrics",
    "store_status",
    "writing",
]

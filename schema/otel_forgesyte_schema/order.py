"""Which SQL files there are and in what order they run: the only place that says so.

Sorting by file name would hide the order in prefixes and break at the first insertion; a test holds
these lists equal to what lies on disk.
"""

from __future__ import annotations

SCHEMA_VERSION = 1
"""The version `apply` stamps. A changed table or view means the next number and a migration."""

SCHEMAS = ("otel",)
"""Created before anything else: `main` belongs to the four Phase 8 tables alone."""

TABLES = (
    # `main`: exactly these four. Applications check that `main` holds them and nothing else.
    "job_metrics",
    "plugin_metrics",
    "overlay_metrics",
    "device_usage",
    # `otel`: full fidelity, then the book-keeping.
    "resources",
    "spans",
    "metric_points",
    "logs",
    "job_keys",
    "loss_ledger",
    "segments",
    # Last: a database that has its version stamp has everything else.
    "schema_version",
)

VIEWS = (
    "traces",
    "plugin_runs",
    "frames",
    "device_decisions",
    "metrics",
    "otlp_traces",
    "otlp_logs",
    "otlp_metrics_gauge",
    "otlp_metrics_sum",
    "otlp_metrics_histogram",
    "otlp_metrics_exp_histogram",
)
"""All in `otel`; none reads another, so their order is only the order people meet them in."""

MACROS = (
    "record_uuid",
    "span_uuid",
    "digest_uuid",
    "utc_timestamp",
    "whole_ms",
    "canonical_device",
    "job_key",
)
"""Temporary, per connection: a database opened by another tool needs none of them."""

REPAIRS = ("job_keys",)
"""Run after the tables: fill what can be derived, without touching what is there."""

MIGRATIONS: tuple[tuple[int, str], ...] = ()
"""Steps by the version they lead to and their name: migrations/<version:04d>_<name>.sql."""

SIGNALS = ("resources", "spans", "metric_points", "logs", "losses")
"""Kinds of segment; each has ingest/segment_<signal>.sql (read) and ingest/<signal>.sql (store)."""

PROJECTIONS = (
    # name, and the signal whose segment it reads
    ("job_metrics", "spans"),
    ("plugin_metrics", "spans"),
    ("device_usage", "logs"),
    ("overlay_metrics", "metric_points"),
)

CATALOG = ("objects", "columns", "primary_keys", "additions", "stamped", "version", "stamp")
"""What this package asks of DuckDB's own catalog, and of the version table."""

QUERIES = (
    "job_summary",
    "plugin_duration",
    "overlay_performance",
    "device_usage",
    "running_jobs",
    "job",
    "job_plugins",
    "job_devices",
    "job_frames",
    "job_spans",
    "job_logs",
)

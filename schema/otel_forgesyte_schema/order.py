"""Which SQL files there are and in what order they run: the only place that says so.

Sorting by file name would hide the order in prefixes and break at the first insertion; a test holds
these lists equal to what lies on disk.
"""

from __future__ import annotations

SCHEMA_VERSION = 2
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
    "writers",
    "summaries",
    "archives",
    "housekeeping",
    # Last: a database that has its version stamp has everything else.
    "schema_version",
)

VIEWS = (
    # First, as the others read them: every row there ever was, archived ones included.
    "all_job_metrics",
    "all_plugin_metrics",
    "all_overlay_metrics",
    "all_device_usage",
    "all_spans",
    "all_metric_points",
    "all_logs",
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
    # In this order too: each reads the one before.
    "finished_runs",
    "summary_buckets",
    "summary_by_minute",
)
"""All in `otel`, in an order in which each finds the views it reads."""

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

REPAIRS = ("job_keys", "writers")
"""Run after the tables: fill what can be derived, without touching what is there."""

MIGRATIONS: tuple[tuple[int, str], ...] = ((2, "housekeeping"),)
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

CATALOG = (
    "objects",
    "columns",
    "primary_keys",
    "lacking",
    "additions",
    "stamped",
    "version",
    "stamp",
)
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
    "summary",
)

MAINTENANCE = (
    "pick",
    "summarize",
    "forget_keys",
    "archive",
    "record",
    "delete",
    "all_rows",
    "all_rows_missing",
    "table_bytes",
    "dead_bytes",
    "used_bytes",
    "settle_pick",
    "settle_add",
    "settle_delete",
    "last_run",
    "ran_delete",
    "ran_insert",
)
"""Steps of retention, archive and ledger; `TABLE` and `MOMENT` in them come from `RETAINED`."""

RETAINED = (
    # name, table, when its rows happened, and what runs before they are deleted
    ("spans", "otel.spans", "start_time_unix_nano", ()),
    ("metric_points", "otel.metric_points", "time_unix_nano", ()),
    ("logs", "otel.logs", "coalesce(time_unix_nano, observed_time_unix_nano)", ()),
    ("job_metrics", "job_metrics", "created_at", ("summarize", "forget_keys")),
    ("plugin_metrics", "plugin_metrics", "created_at", ("summarize",)),
    ("overlay_metrics", "overlay_metrics", "created_at", ()),
    ("device_usage", "device_usage", "created_at", ()),
)
"""Tables whose rows may go with age. The first three may also go for their size: they are most of
a file, and DuckDB frees the room of their deleted rows, which it hardly does for tables with keys.
"""

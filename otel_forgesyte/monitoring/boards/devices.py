"""Devices: what was asked for, what was used, and why not the one asked for."""

from __future__ import annotations

from otel_forgesyte.monitoring.boards.selection import (
    IN_SERVICE,
    RANGE,
    SERVICES,
    asked,
    called,
    rates,
    shares,
)
from otel_forgesyte.monitoring.panels import (
    SECONDS,
    SHARE,
    Dashboard,
    Panel,
    Query,
    Row,
    Source,
    per_second,
    stat,
    table,
)
from otel_forgesyte.monitoring.promql import (
    buckets,
    count,
    increase,
    lacks,
    rate,
    ratio,
    summed,
    value,
)
from otel_forgesyte.monitoring.sqltext import question
from otel_forgesyte.semconv import (
    FORGESYTE_DEVICE_NAME,
    FORGESYTE_DEVICE_REQUESTED,
    FORGESYTE_DEVICE_USED,
    METRIC_FORGESYTE_DEVICE_FALLBACKS,
    METRIC_FORGESYTE_JOB_DURATION,
    METRIC_FORGESYTE_PLUGIN_EXECUTION_DURATION,
)

_DECISION = (FORGESYTE_DEVICE_REQUESTED, FORGESYTE_DEVICE_USED)
_fallbacks = value(METRIC_FORGESYTE_DEVICE_FALLBACKS).where(IN_SERVICE)
# Runs without a device never reported one.
_runs = count(METRIC_FORGESYTE_PLUGIN_EXECUTION_DURATION).where(
    IN_SERVICE, lacks(FORGESYTE_DEVICE_NAME)
)
_jobs = buckets(METRIC_FORGESYTE_JOB_DURATION).where(IN_SERVICE, lacks(FORGESYTE_DEVICE_NAME))

PROMETHEUS = Dashboard(
    "devices",
    "Devices",
    "Which devices did the work, and which fell back. Reasons are free text, and therefore no "
    "labels: they stand in the database and in the log events.",
    Source.PROMETHEUS,
    (
        Row(
            "In the time shown",
            (
                stat("Fallbacks", Query(summed(increase(_fallbacks, RANGE)))),
                stat(
                    "Fallbacks a run",
                    Query(
                        ratio(summed(increase(_fallbacks, RANGE)), summed(increase(_runs, RANGE)))
                    ),
                    SHARE,
                    "Of plugin runs that had a device.",
                ),
            ),
        ),
        Row(
            "Asked for and used",
            (
                Panel(
                    "Fallbacks, asked for and used",
                    (Query(summed(increase(_fallbacks, RANGE), *_DECISION)),),
                    "table",
                ),
                Panel(
                    "Fallbacks",
                    (
                        Query(
                            summed(rate(_fallbacks), *_DECISION),
                            " to ".join(map(called, _DECISION)),
                        ),
                    ),
                    unit=per_second(METRIC_FORGESYTE_DEVICE_FALLBACKS.unit),
                    stacked=True,
                ),
                rates(
                    "Plugin runs, by the device used", _runs, FORGESYTE_DEVICE_NAME, unit="{run}"
                ),
                Panel(
                    "Job duration p95, by the device used",
                    shares(0.95, of=_jobs, by=(FORGESYTE_DEVICE_NAME,)),
                    unit=SECONDS,
                ),
            ),
        ),
    ),
    (SERVICES,),
)

DUCKDB = Dashboard(
    "devices",
    "Devices",
    "What was asked for, what was used, and why not the device asked for.",
    Source.DUCKDB,
    (
        Row(
            "Asked for and used",
            (
                table("Asked for and used", question("devices_matrix"), 12),
                table("Why not the one asked for", question("devices_reasons"), 12),
                asked("Fallbacks", "devices_fallbacks", stacked=True),
                asked("Fallback share, by the device asked for", "devices_fallback_share", SHARE),
            ),
        ),
        Row(
            "What it means for jobs",
            (
                asked("Jobs, by device", "devices_jobs", stacked=True),
                table("Duration, by plugin and device", question("devices_duration"), 12),
            ),
        ),
    ),
)

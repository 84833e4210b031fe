"""One service in depth: its processes, and everything they do, on one page."""

from __future__ import annotations

from otel_forgesyte.monitoring.boards.selection import (
    IN_SERVICE,
    SERVICES,
    STORED_SERVICES,
    asked,
    called,
    rates,
    shares,
)
from otel_forgesyte.monitoring.panels import (
    MILLISECONDS,
    SECONDS,
    SHARE,
    Dashboard,
    Panel,
    Query,
    Row,
    Source,
    per_second,
    table,
    unit_of,
)
from otel_forgesyte.monitoring.promql import (
    INSTANCE,
    TARGET_INFO,
    UP,
    Series,
    buckets,
    count,
    has,
    largest,
    rate,
    ratio,
    summed,
    value,
)
from otel_forgesyte.monitoring.sqltext import question
from otel_forgesyte.semconv import (
    FORGESYTE_JOB_STATUS,
    FORGESYTE_PLUGIN_NAME,
    METRIC_FORGESYTE_DEVICE_FALLBACKS,
    METRIC_FORGESYTE_JOB_ACTIVE,
    METRIC_FORGESYTE_JOB_DURATION,
    METRIC_FORGESYTE_JOB_OLDEST_AGE,
    METRIC_FORGESYTE_JOB_QUEUE_DURATION,
    METRIC_FORGESYTE_OVERLAY_RENDER_DURATION,
    METRIC_FORGESYTE_PLUGIN_EXECUTION_DURATION,
    METRIC_FORGESYTE_SPOOL_OLDEST_AGE,
    JobStatusValues,
)

_ended = count(METRIC_FORGESYTE_JOB_DURATION).where(IN_SERVICE)
_failed = _ended.where(has(FORGESYTE_JOB_STATUS, JobStatusValues.ERROR.value))
_runs = count(METRIC_FORGESYTE_PLUGIN_EXECUTION_DURATION).where(IN_SERVICE)


def _scraped(name: str) -> str:
    return str(Series(name).where(IN_SERVICE))


def _of_instance(title: str, expression: str, unit: str, description: str = "") -> Panel:
    query = Query(expression, called(INSTANCE))
    return Panel(title, (query,), unit=unit, width=8, description=description)


PROMETHEUS = Dashboard(
    "service",
    "Service in depth",
    "One service: its processes one by one, and all that they do.",
    Source.PROMETHEUS,
    (
        Row(
            "Processes",
            (
                table("What they say they are", Query(_scraped(TARGET_INFO))),
                _of_instance("Answers", _scraped(UP), "short", "1 where the last scrape did."),
                _of_instance("A scrape takes", _scraped("scrape_duration_seconds"), SECONDS),
                _of_instance("Samples a scrape", _scraped("scrape_samples_scraped"), "short"),
            ),
        ),
        Row(
            "Jobs, by process",
            (
                _of_instance(
                    "Ended",
                    summed(rate(_ended), INSTANCE),
                    per_second(METRIC_FORGESYTE_JOB_ACTIVE.unit),
                ),
                _of_instance(
                    "Failed share",
                    ratio(summed(rate(_failed), INSTANCE), summed(rate(_ended), INSTANCE)),
                    SHARE,
                ),
                _of_instance(
                    "Running",
                    summed(value(METRIC_FORGESYTE_JOB_ACTIVE).where(IN_SERVICE), INSTANCE),
                    unit_of(METRIC_FORGESYTE_JOB_ACTIVE.unit),
                ),
                _of_instance(
                    "The oldest has run for",
                    largest(value(METRIC_FORGESYTE_JOB_OLDEST_AGE).where(IN_SERVICE), INSTANCE),
                    SECONDS,
                ),
                Panel(
                    "Duration p95",
                    shares(
                        0.95,
                        of=buckets(METRIC_FORGESYTE_JOB_DURATION).where(IN_SERVICE),
                        by=(INSTANCE,),
                    ),
                    unit=SECONDS,
                    width=8,
                ),
                Panel(
                    "Waited p95",
                    shares(
                        0.95,
                        of=buckets(METRIC_FORGESYTE_JOB_QUEUE_DURATION).where(IN_SERVICE),
                        by=(INSTANCE,),
                    ),
                    unit=SECONDS,
                    width=8,
                ),
            ),
        ),
        Row(
            "What they run",
            (
                rates("Plugins", _runs, FORGESYTE_PLUGIN_NAME, unit="{run}"),
                Panel(
                    "Plugin p95",
                    shares(
                        0.95,
                        of=buckets(METRIC_FORGESYTE_PLUGIN_EXECUTION_DURATION).where(IN_SERVICE),
                        by=(FORGESYTE_PLUGIN_NAME,),
                    ),
                    unit=SECONDS,
                ),
                _of_instance(
                    "Device fallbacks",
                    summed(
                        rate(value(METRIC_FORGESYTE_DEVICE_FALLBACKS).where(IN_SERVICE)), INSTANCE
                    ),
                    per_second(METRIC_FORGESYTE_DEVICE_FALLBACKS.unit),
                ),
                _of_instance(
                    "Frames",
                    summed(
                        rate(count(METRIC_FORGESYTE_OVERLAY_RENDER_DURATION).where(IN_SERVICE)),
                        INSTANCE,
                    ),
                    per_second("{frame}"),
                ),
                _of_instance(
                    "Telemetry waits for",
                    largest(value(METRIC_FORGESYTE_SPOOL_OLDEST_AGE).where(IN_SERVICE), INSTANCE),
                    SECONDS,
                ),
            ),
        ),
    ),
    (SERVICES,),
)

DUCKDB = Dashboard(
    "service",
    "Service in depth",
    "One service: its processes, its spans (those of other libraries too), and what it logged.",
    Source.DUCKDB,
    (
        Row(
            "Spans",
            (
                asked("Spans", "service_spans", stacked=True),
                asked("Duration p95", "service_duration", MILLISECONDS),
                table("Operations, by the time they took", question("service_operations")),
                table("The slowest", question("service_slowest")),
            ),
        ),
        Row(
            "Processes and what they said",
            (
                table("Processes", question("service_processes"), 12),
                table("Warnings and errors", question("service_logs"), 12),
            ),
        ),
    ),
    (STORED_SERVICES,),
)

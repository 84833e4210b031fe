"""Alerts about telemetry itself: records that do not arrive, processes that do not answer."""

from __future__ import annotations

from otel_forgesyte.monitoring.promql import (
    INSTANCE,
    TARGET,
    UP,
    Series,
    any_of,
    count,
    increase,
    largest,
    summed,
    value,
)
from otel_forgesyte.monitoring.rules import COUNTED, PAGE, TICKET, Alert, Recording, told
from otel_forgesyte.semconv import (
    ERROR_TYPE,
    FORGESYTE_METRIC_ATTRIBUTE,
    FORGESYTE_METRIC_NAME,
    METRIC_FORGESYTE_DEAD_LETTERS,
    METRIC_FORGESYTE_JOB_ACTIVE,
    METRIC_FORGESYTE_METRIC_EXPLOSION,
    METRIC_FORGESYTE_PLUGIN_EXECUTION_DURATION,
    METRIC_FORGESYTE_RECORDS_DROPPED,
    METRIC_FORGESYTE_SPOOL_OLDEST_AGE,
    METRIC_FORGESYTE_SPOOL_RECORDS,
)

_UNDRAINED_S = 300
_PROCESS = (TARGET, INSTANCE)
_WHERE = told(INSTANCE)

_PAGES = (
    value(METRIC_FORGESYTE_JOB_ACTIVE),
    count(METRIC_FORGESYTE_PLUGIN_EXECUTION_DURATION),
    value(METRIC_FORGESYTE_SPOOL_RECORDS),
)
OURS = any_of(*_PAGES)
"""By which a page of ours is known: a process that sends OTLP has no spool, a server no jobs."""

# The OpenTelemetry Collector's names are its own and in no registry of ours: those of its
# documentation, with the suffixes that its Prometheus reader adds unless told otherwise.
_COLLECTOR = Series("otelcol_process_uptime_seconds_total")
# Recorded, for a day of all these series is much to read at each evaluation.
_KNOWN = Series("forgesyte:process_series:count")
_SIGNALS = ("spans", "metric_points", "log_records")


def record_alerts() -> tuple[Alert, ...]:
    """Records that are lost, set aside or not stored."""
    return (
        Alert(
            "ForgesyteRecordsDropped",
            _rose(value(METRIC_FORGESYTE_RECORDS_DROPPED), *_PROCESS, ERROR_TYPE),
            PAGE,
            f"Telemetry is lost: {told(ERROR_TYPE)}",
            f"{COUNTED} records of {_WHERE} in the last ten minutes.",
            "a record that is lost",
        ),
        Alert(
            "ForgesyteRecordsSetAside",
            f"{largest(value(METRIC_FORGESYTE_DEAD_LETTERS), *_PROCESS)} > 0",
            TICKET,
            f"{_WHERE} has records that cannot be stored",
            "{{ $value }} are set aside; `otel-forgesyte dead list` shows them.",
            "a record that cannot be stored",
            "5m",
        ),
        Alert(
            "ForgesyteSpoolNotDrained",
            f"{largest(value(METRIC_FORGESYTE_SPOOL_OLDEST_AGE), *_PROCESS)} > {_UNDRAINED_S}",
            TICKET,
            f"What {_WHERE} recorded does not reach the database",
            "The oldest records have waited for {{ $value | humanizeDuration }}.",
            f"a database that cannot be written for {_UNDRAINED_S} s",
            "5m",
        ),
    )


def process_rules() -> tuple[Recording | Alert, ...]:
    """Pages that have too many series, or do not answer."""
    exploded = (*_PROCESS, FORGESYTE_METRIC_NAME, FORGESYTE_METRIC_ATTRIBUTE)
    known = f"count by (job, instance) ({any_of(*_PAGES, _COLLECTOR)})"
    return (
        Recording(_KNOWN.name, known),
        Alert(
            "ForgesyteMetricExplosion",
            largest(value(METRIC_FORGESYTE_METRIC_EXPLOSION), *exploded),
            TICKET,
            f"{told(FORGESYTE_METRIC_ATTRIBUTE)} has too many values",
            f"{{{{ $value }}}} of them make series of {told(FORGESYTE_METRIC_NAME)}, and others "
            "are kept back.",
            "an attribute with more values than a metric may have series",
            "5m",
        ),
        Alert(
            "ForgesyteTargetDown",
            f"{UP} == 0\nand on (job, instance) last_over_time({_KNOWN}[1d])",
            PAGE,
            f"{_WHERE} does not answer",
            "No other alert can tell of it: each needs a scrape.",
            "a process that stops answering",
            "5m",
        ),
        Alert(
            "ForgesyteTargetGone",
            f"count by (job) (last_over_time({UP}[1h]) and on (job, instance) "
            f"last_over_time({_KNOWN}[1h]))\n"
            f"unless count by (job) ({UP})",
            PAGE,
            f"Nothing is left of {told(TARGET)}",
            "{{ $value }} of its processes answered within the hour, and Prometheus finds none to "
            "ask any more.",
            "the last process of a service that leaves the list of targets",
            "5m",
        ),
    )


def collector_alerts() -> tuple[Alert, ...]:
    """A Collector that refuses what it is sent, or gives up what it took."""
    refused = (Series(f"otelcol_receiver_refused_{signal}_total") for signal in _SIGNALS)
    given_up = (Series(f"otelcol_exporter_send_failed_{signal}_total") for signal in _SIGNALS)
    return (
        Alert(
            "ForgesyteCollectorRefuses",
            "\nor ".join(f"{summed(increase(one, '5m'), *_PROCESS)} > 0" for one in refused),
            PAGE,
            f"The Collector {_WHERE} refuses what it is sent",
            "It has for five minutes; who sends tries again for some seconds, and then drops.",
            "a Collector whose queue is full for longer than its senders wait",
            "5m",
        ),
        Alert(
            "ForgesyteCollectorDropped",
            "\nor ".join(_rose(one, *_PROCESS) for one in given_up),
            PAGE,
            f"The Collector {_WHERE} has dropped what it took",
            f"{COUNTED} records of one kind in the last ten minutes; its log has the reason.",
            "a Collector whose records the next one refuses for good",
        ),
    )


def _rose(counter: Series, *by: str) -> str:
    """Rose within ten minutes, or appeared: a series that begins with a loss never rose.

    One that comes back as it was, after Prometheus or the way to it was down, is no news.
    """
    as_it_was = f"{counter} == last_over_time({counter}[1d] offset 10m)"
    appeared = f"({counter} unless {counter} offset 10m unless {as_it_was})"
    return f"{summed(increase(counter, '10m'), *by)} > 0\nor {summed(appeared, *by)} > 0"

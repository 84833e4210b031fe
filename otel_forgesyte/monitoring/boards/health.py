"""Telemetry's own health: whether every record arrives, and how long it waits."""

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
    stat,
    table,
    unit_of,
)
from otel_forgesyte.monitoring.promql import (
    INSTANCE,
    buckets,
    count,
    increase,
    lacks,
    largest,
    rate,
    ratio,
    summed,
    value,
)
from otel_forgesyte.monitoring.sqltext import question
from otel_forgesyte.semconv import (
    ERROR_TYPE,
    FORGESYTE_METRIC_ATTRIBUTE,
    FORGESYTE_METRIC_NAME,
    METRIC_FORGESYTE_DEAD_LETTERS,
    METRIC_FORGESYTE_DRAIN_DURATION,
    METRIC_FORGESYTE_METRIC_EXPLOSION,
    METRIC_FORGESYTE_RECORDS_ACCEPTED,
    METRIC_FORGESYTE_RECORDS_DROPPED,
    METRIC_FORGESYTE_SPOOL_OLDEST_AGE,
    METRIC_FORGESYTE_SPOOL_RECORDS,
    METRIC_FORGESYTE_SPOOL_SIZE,
    OTEL_COMPONENT_TYPE,
)
from otel_forgesyte_duckdb import instruments

_INSTANCE = called(INSTANCE)
_RECORD = METRIC_FORGESYTE_RECORDS_ACCEPTED.unit
_EXPLOSION = "an attribute with more values than a metric may have series"
_EXPLODED = (FORGESYTE_METRIC_NAME, FORGESYTE_METRIC_ATTRIBUTE)
_accepted = value(METRIC_FORGESYTE_RECORDS_ACCEPTED).where(IN_SERVICE)
_dropped = value(METRIC_FORGESYTE_RECORDS_DROPPED).where(IN_SERVICE)
_dead = value(METRIC_FORGESYTE_DEAD_LETTERS).where(IN_SERVICE)
_spooled = value(METRIC_FORGESYTE_SPOOL_RECORDS).where(IN_SERVICE)
_size = value(METRIC_FORGESYTE_SPOOL_SIZE).where(IN_SERVICE)
_oldest = value(METRIC_FORGESYTE_SPOOL_OLDEST_AGE).where(IN_SERVICE)
_explosion = value(METRIC_FORGESYTE_METRIC_EXPLOSION).where(IN_SERVICE)
_drains = count(METRIC_FORGESYTE_DRAIN_DURATION).where(IN_SERVICE)
_drain_times = buckets(METRIC_FORGESYTE_DRAIN_DURATION).where(IN_SERVICE)
_exports = buckets(instruments.EXPORT_DURATION).where(IN_SERVICE)


def _queue_share(signal: str) -> Query:
    size = value(instruments.QUEUE_SIZE[signal]).where(IN_SERVICE)
    room = value(instruments.CAPACITY[signal]).where(IN_SERVICE)
    return Query(f"{largest(f'{size} / {room}', INSTANCE)}", f"{signal} {_INSTANCE}")


PROMETHEUS = Dashboard(
    "health",
    "Telemetry health",
    "Whether every record arrives: accepted, waiting, set aside, dropped and why.",
    Source.PROMETHEUS,
    (
        Row(
            "In the time shown",
            (
                stat("Accepted", Query(summed(increase(_accepted, RANGE)))),
                stat(
                    "Dropped",
                    Query(f"{summed(increase(_dropped, RANGE))} or vector(0)"),
                    description="The loss ledger, as the processes count it.",
                ),
                # Each process tells of the spool that it shares with others: the same number twice.
                stat("Set aside", Query(largest(_dead))),
                stat("The oldest waits for", Query(largest(_oldest)), SECONDS),
            ),
        ),
        Row(
            "The loss ledger",
            (
                rates("Accepted, by exporter", _accepted, OTEL_COMPONENT_TYPE, unit=_RECORD),
                rates(
                    "Dropped, by reason",
                    _dropped,
                    OTEL_COMPONENT_TYPE,
                    ERROR_TYPE,
                    unit=_RECORD,
                    needs="a record that is lost",
                ),
                Panel(
                    "Set aside",
                    (Query(largest(_dead, INSTANCE), _INSTANCE),),
                    unit=unit_of(METRIC_FORGESYTE_DEAD_LETTERS.unit),
                ),
                Panel(
                    "Queues before the exporters",
                    tuple(_queue_share(signal) for signal in instruments.QUEUE_SIZE),
                    unit=SHARE,
                    description="At 100 % records are dropped as queue_full.",
                ),
                Panel(
                    "Attributes with too many values",
                    (Query(largest(_explosion, *_EXPLODED), called(*_EXPLODED), _EXPLOSION),),
                    unit=unit_of(METRIC_FORGESYTE_METRIC_EXPLOSION.unit),
                    width=24,
                    description="Each metric here keeps back some of its series.",
                ),
            ),
        ),
        Row(
            "The spool",
            (
                Panel(
                    "Records that wait",
                    (Query(largest(_spooled, INSTANCE), _INSTANCE),),
                    unit=unit_of(METRIC_FORGESYTE_SPOOL_RECORDS.unit),
                    width=8,
                ),
                Panel(
                    "On disk",
                    (Query(largest(_size, INSTANCE), _INSTANCE),),
                    unit=unit_of(METRIC_FORGESYTE_SPOOL_SIZE.unit),
                    width=8,
                ),
                Panel(
                    "The oldest waits for",
                    (Query(largest(_oldest, INSTANCE), _INSTANCE),),
                    unit=unit_of(METRIC_FORGESYTE_SPOOL_OLDEST_AGE.unit),
                    width=8,
                ),
                Panel("A drain takes", shares(0.5, 0.95, of=_drain_times), unit=SECONDS, width=8),
                Panel(
                    "Drains that failed",
                    (
                        Query(
                            ratio(
                                summed(rate(_drains.where(lacks(ERROR_TYPE)))),
                                summed(rate(_drains)),
                            ),
                            "of all drains",
                        ),
                    ),
                    unit=SHARE,
                    width=8,
                    description="What waits is tried again.",
                ),
                Panel(
                    "An export takes",
                    shares(0.95, of=_exports, by=(OTEL_COMPONENT_TYPE,)),
                    unit=SECONDS,
                    width=8,
                ),
            ),
        ),
    ),
    (SERVICES,),
)

DUCKDB = Dashboard(
    "health",
    "Telemetry health",
    "Whether every record arrived: stored, set aside, dropped and why.",
    Source.DUCKDB,
    (
        Row(
            "The equation",
            (
                stat("Dropped", question("health_lost")),
                table("Accepted = stored + set aside + dropped", question("health_equation"), 18),
                table("The loss ledger", question("health_losses")),
            ),
        ),
        Row(
            "The way in",
            (
                asked("Stored", "health_stored", stacked=True),
                asked("Set aside", "health_set_aside", stacked=True),
                asked("Waiting and set aside, as processes saw it", "health_spool"),
                asked("The oldest waited for", "health_spool_age", SECONDS),
                asked("A drain took", "health_drains", SECONDS),
            ),
        ),
    ),
)

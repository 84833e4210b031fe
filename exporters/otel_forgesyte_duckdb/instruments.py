"""The metrics that the exporters emit about themselves: names, units, kinds.

Names of OpenTelemetry's come from its package. Ours stand here a second time, since this package
does not know the registry they are defined in; a test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from opentelemetry.semconv._incubating.metrics import otel_metrics as otel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from opentelemetry.metrics import CallbackOptions, Meter, Observation

    Callback = Callable[[CallbackOptions], Iterable[Observation]]

SCOPE = "otel_forgesyte_duckdb"
_UNITS = {"spans": "{span}", "metric_points": "{data_point}", "logs": "{log_record}"}
_WORDS = {"spans": "spans", "metric_points": "metric data points", "logs": "log records"}


@dataclass(frozen=True, slots=True)
class Instrument:
    """What it takes to make one; `bounds` for histograms only."""

    name: str
    kind: Literal["counter", "updowncounter", "gauge", "histogram"]
    unit: str
    description: str
    bounds: tuple[float, ...] | None = None

    def create(self, meter: Meter, callback: Callback) -> None:
        """Make the observable instrument of this kind."""
        create = {
            "counter": meter.create_observable_counter,
            "updowncounter": meter.create_observable_up_down_counter,
            "gauge": meter.create_observable_gauge,
        }[self.kind]
        create(self.name, [callback], self.unit, self.description)


def _by_signal(
    names: dict[str, str], kind: Literal["counter", "updowncounter"], description: str
) -> dict[str, Instrument]:
    return {
        signal: Instrument(name, kind, _UNITS[signal], description.format(_WORDS[signal]))
        for signal, name in names.items()
    }


INFLIGHT = _by_signal(
    {
        "spans": otel.OTEL_SDK_EXPORTER_SPAN_INFLIGHT,
        "metric_points": otel.OTEL_SDK_EXPORTER_METRIC_DATA_POINT_INFLIGHT,
        "logs": otel.OTEL_SDK_EXPORTER_LOG_INFLIGHT,
    },
    "updowncounter",
    "The {} that an exporter has in hand.",
)
EXPORTED = _by_signal(
    {
        "spans": otel.OTEL_SDK_EXPORTER_SPAN_EXPORTED,
        "metric_points": otel.OTEL_SDK_EXPORTER_METRIC_DATA_POINT_EXPORTED,
        "logs": otel.OTEL_SDK_EXPORTER_LOG_EXPORTED,
    },
    "counter",
    "The {} that an exporter has put on disk or, with an error.type, dropped.",
)
PROCESSED = _by_signal(
    {
        "spans": otel.OTEL_SDK_PROCESSOR_SPAN_PROCESSED,
        "logs": otel.OTEL_SDK_PROCESSOR_LOG_PROCESSED,
    },
    "counter",
    "The {} that a queue has handed to its exporter or, with an error.type, refused.",
)
QUEUE_SIZE = _by_signal(
    {
        "spans": otel.OTEL_SDK_PROCESSOR_SPAN_QUEUE_SIZE,
        "logs": otel.OTEL_SDK_PROCESSOR_LOG_QUEUE_SIZE,
    },
    "updowncounter",
    "The {} that wait in a queue.",
)
CAPACITY = _by_signal(
    {
        "spans": otel.OTEL_SDK_PROCESSOR_SPAN_QUEUE_CAPACITY,
        "logs": otel.OTEL_SDK_PROCESSOR_LOG_QUEUE_CAPACITY,
    },
    "updowncounter",
    "The {} that a queue can hold.",
)
EXPORT_DURATION = Instrument(
    otel.OTEL_SDK_EXPORTER_OPERATION_DURATION,
    "histogram",
    "s",
    "The duration of exporting a batch of telemetry records.",
    (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0),
)
ACCEPTED = Instrument(
    "forgesyte.records.accepted",
    "counter",
    "{record}",
    "Records that this process was given for the database.",
)
DROPPED = Instrument(
    "forgesyte.records.dropped",
    "counter",
    "{record}",
    "Records that this process could not keep.",
)
SPOOLED = Instrument(
    "forgesyte.spool.records",
    "gauge",
    "{record}",
    "Records in sealed segments, by all processes that share the spool.",
)
SPOOL_SIZE = Instrument(
    "forgesyte.spool.size", "gauge", "By", "What the segments of the spool take on disk."
)
OLDEST_AGE = Instrument(
    "forgesyte.spool.oldest.age",
    "gauge",
    "s",
    "Time since the oldest sealed segment was written; 0 when nothing waits.",
)
DEAD = Instrument(
    "forgesyte.dead_letters",
    "gauge",
    "{record}",
    "Records set aside because they cannot be stored.",
)
DRAIN_DURATION = Instrument(
    "forgesyte.drain.duration",
    "histogram",
    "s",
    "Time that one drain of the spool into the database took, in this process.",
    (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)
OURS = (ACCEPTED, DROPPED, SPOOLED, SPOOL_SIZE, OLDEST_AGE, DEAD, DRAIN_DURATION)

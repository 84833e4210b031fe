"""What the exporters, their queues and the spool say about themselves, as metrics.

Under OpenTelemetry's names where it has any
(https://opentelemetry.io/docs/specs/semconv/otel/sdk-metrics/), else under ours, which
schema/registry/storing.yaml defines. All but the durations are counters that are kept anyway, read
when a reader collects: recording and exporting pay nothing. Nothing here waits, asks the database
or lists a folder; the store's own thread has looked into the spool a second ago.

The series are few and fixed: a component for each signal and store, a reason where there was one.
So the points about points are always as many, however often they are collected.
"""

from __future__ import annotations

import time
import weakref
from functools import partial
from typing import TYPE_CHECKING

from opentelemetry.metrics import Observation
from opentelemetry.semconv._incubating.attributes.otel_attributes import (
    OTEL_COMPONENT_NAME,
    OTEL_COMPONENT_TYPE,
)
from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE

from otel_forgesyte_duckdb import instruments, queueing, timing
from otel_forgesyte_duckdb.components import EXPORTERS, QUEUES, STORE, component, kind_of
from otel_forgesyte_duckdb.losses import AFTER_INTAKE, BEFORE_EXPORT
from otel_forgesyte_duckdb.stores import live_stores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from opentelemetry.metrics import CallbackOptions, Histogram, Meter, MeterProvider

    from otel_forgesyte_duckdb.overview import Overview
    from otel_forgesyte_duckdb.store import Store


class Reporting:
    """Emits through one meter provider from its making until `close`."""

    def __init__(self, meter: Meter) -> None:
        self._is_closed = False
        self._durations: dict[str, Histogram] = {
            timing.EXPORT: _histogram(meter, instruments.EXPORT_DURATION),
            timing.DRAIN: _histogram(meter, instruments.DRAIN_DURATION),
        }
        for signal in EXPORTERS:
            self._observed(meter, instruments.INFLIGHT[signal], partial(_in_flight, signal))
            self._observed(meter, instruments.EXPORTED[signal], partial(_exported, signal))
        for signal in QUEUES:
            self._observed(meter, instruments.QUEUE_SIZE[signal], partial(_queue_size, signal))
            self._observed(meter, instruments.CAPACITY[signal], partial(_capacity, signal))
            self._observed(meter, instruments.PROCESSED[signal], partial(_processed, signal))
        self._observed(meter, instruments.ACCEPTED, _accepted)
        self._observed(meter, instruments.DROPPED, _dropped)
        self._observed(meter, instruments.SPOOLED, _spooled)
        self._observed(meter, instruments.SPOOL_SIZE, _spool_size)
        self._observed(meter, instruments.OLDEST_AGE, _oldest_age)
        self._observed(meter, instruments.DEAD, _dead)
        timing.listeners.append(self._measure)

    def open(self) -> None:
        """Begin again after `close`: an SDK keeps instruments for as long as it lives."""
        if self._is_closed:
            self._is_closed = False
            timing.listeners.append(self._measure)

    def close(self) -> None:
        """Emit nothing from here on."""
        if not self._is_closed:
            self._is_closed = True
            timing.listeners.remove(self._measure)

    def _measure(self, what: str, name: str, seconds: float, error: str) -> None:
        labels = _labels(kind_of(name), name)
        self._durations[what].record(seconds, labels | {ERROR_TYPE: error} if error else labels)

    def _observed(
        self,
        meter: Meter,
        made: instruments.Instrument,
        observe: Callable[[], Iterator[Observation]],
    ) -> None:
        def callback(options: CallbackOptions) -> list[Observation]:
            del options  # nothing here waits for anything
            return [] if self._is_closed else list(observe())

        made.create(meter, callback)


_reports: weakref.WeakKeyDictionary[MeterProvider, Reporting] = weakref.WeakKeyDictionary()


def report_metrics(provider: MeterProvider) -> Reporting:
    """Emit metrics about every exporter of this process through a provider; close it to end that.

    Asked again for one provider, it returns what it returned before: instruments made twice would
    be observed twice.
    """
    report = _reports.get(provider)
    if report is None:
        meter = provider.get_meter(instruments.SCOPE)
        report = _reports[provider] = Reporting(meter)
    report.open()
    return report


def _labels(kind: str, name: str) -> dict[str, str]:
    return {OTEL_COMPONENT_TYPE: kind, OTEL_COMPONENT_NAME: name}


def _exporters(signal: str) -> Iterator[tuple[Store, dict[str, str]]]:
    kind = EXPORTERS[signal]
    for store in live_stores():
        if signal in store.signals:
            yield store, _labels(kind, component(kind, store.number))


def _in_flight(signal: str) -> Iterator[Observation]:
    for store, labels in _exporters(signal):
        # Read in this order, for a batch is counted as accepted first.
        done = store.kept[signal] + sum(_turned_away(store, signal).values())
        yield Observation(max(0, store.accepted[signal] - done), labels)


def _exported(signal: str) -> Iterator[Observation]:
    for store, labels in _exporters(signal):
        yield Observation(store.kept[signal], labels)
        for reason, count in _turned_away(store, signal).items():
            if reason not in BEFORE_EXPORT:
                yield Observation(count, labels | {ERROR_TYPE: reason})


def _accepted() -> Iterator[Observation]:
    for signal in EXPORTERS:
        for store, labels in _exporters(signal):
            yield Observation(store.accepted[signal], labels)


def _dropped() -> Iterator[Observation]:
    for signal in EXPORTERS:
        for store, labels in _exporters(signal):
            for reason, count in _lost(store, signal).items():
                yield Observation(count, labels | {ERROR_TYPE: reason})


def _lost(store: Store, signal: str) -> Mapping[str, int]:
    return {reason: n for (of, reason), n in store.losses.totals().items() if of == signal}


def _turned_away(store: Store, signal: str) -> Mapping[str, int]:
    lost = _lost(store, signal)
    return {reason: count for reason, count in lost.items() if reason not in AFTER_INTAKE}


def _queues(signal: str) -> Iterator[tuple[queueing.RecordQueue[object], dict[str, str]]]:
    for queue in list(queueing.live):
        if queue.signal == signal:
            yield queue, _labels(QUEUES[signal], component(QUEUES[signal], queue.number))


def _queue_size(signal: str) -> Iterator[Observation]:
    return (Observation(len(queue), labels) for queue, labels in _queues(signal))


def _capacity(signal: str) -> Iterator[Observation]:
    return (Observation(queue.limit, labels) for queue, labels in _queues(signal))


def _processed(signal: str) -> Iterator[Observation]:
    for queue, labels in _queues(signal):
        for reason, count in dict(queue.processed).items():
            yield Observation(count, labels | {ERROR_TYPE: reason} if reason else labels)


def _looked_at(value: Callable[[Overview], float]) -> Iterator[Observation]:
    for store in live_stores():
        if store.overview is not None:
            yield Observation(value(store.overview), _labels(STORE, component(STORE, store.number)))


def _spooled() -> Iterator[Observation]:
    return _looked_at(lambda overview: overview.records)


def _spool_size() -> Iterator[Observation]:
    return _looked_at(lambda overview: overview.size)


def _dead() -> Iterator[Observation]:
    return _looked_at(lambda overview: overview.dead)


def _oldest_age() -> Iterator[Observation]:
    def age(overview: Overview) -> float:
        since = overview.oldest_at
        return 0.0 if since is None else max(0.0, time.time() - since)

    return _looked_at(age)


def _histogram(meter: Meter, made: instruments.Instrument) -> Histogram:
    return meter.create_histogram(
        made.name,
        made.unit,
        made.description,
        explicit_bucket_boundaries_advisory=made.bounds,
    )

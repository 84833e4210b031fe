"""The three providers: the host's where it has set one, ours where it has not.

Each function returns the provider that the domain will use, with what of it is ours to shut down.
A host's provider keeps everything it had; exporters are added through its public methods. A host's
provider that is not the SDK's cannot be added to: it is left alone and ours stands beside it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakSet

from opentelemetry import _logs, metrics, trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from otel_forgesyte.errors import ConfigError
from otel_forgesyte.setup import exporters
from otel_forgesyte.setup.processors import JobLogProcessor
from otel_forgesyte_duckdb import DuckDBLogExporter, DuckDBMetricExporter, DuckDBSpanExporter
from otel_forgesyte_duckdb.queueing import QueuedLogProcessor, QueuedSpanProcessor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from opentelemetry.sdk._logs import LogRecordProcessor
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import SpanProcessor

    from otel_forgesyte.setup.processors import JobSpanProcessor
    from otel_forgesyte.setup.report import Report
    from otel_forgesyte.setup.settings import Settings

# Providers of ours that were shut down. OpenTelemetry's globals are set once a process.
_retired: WeakSet[Any] = WeakSet()

Provider = TypeVar("Provider", TracerProvider, MeterProvider, LoggerProvider)

# The SDK's defaults (5 s, 2,048) drop the oldest span of a burst that one second of work fills.
# A shorter delay and a longer queue cost memory only while there is something to hold.
_BATCH_DEFAULTS = {
    "schedule_delay_millis": ("SCHEDULE_DELAY", 1_000),
    "max_queue_size": ("MAX_QUEUE_SIZE", 32_768),
}


# The SDK's minute is meant for a network; until it is over, a killed process loses its metrics.
_DUCKDB_EXPORT_INTERVAL_MILLIS = 10_000


@dataclass(frozen=True, slots=True)
class Component:
    """One processor or reader of ours, and the exporter behind it (None where there is none)."""

    name: str
    part: Any
    exporter: Any = None

    @property
    def is_local(self) -> bool:
        """Whether it delivers to this machine, so that a dead network must not delay it."""
        return self.name in {"duckdb", "prometheus"}


@dataclass
class Pipeline:
    """One signal's provider and what we added to it.

    Attributes:
        provider: the SDK provider in use.
        owned: it was made here or by a file of ours, so it is ours to shut down.
        added: what is ours in it.
    """

    provider: Any
    owned: bool
    added: list[Component] = field(default_factory=list[Component])


def trace_pipeline(
    settings: Settings, resource: Resource, report: Report, jobs: JobSpanProcessor
) -> Pipeline:
    """Spans: job stamping and the exporters of `settings.traces`."""
    pipeline = _pipeline(
        "traces",
        trace.get_tracer_provider(),
        TracerProvider,
        lambda: TracerProvider(resource=resource, sampler=settings.sampler, shutdown_on_exit=False),
        trace.set_tracer_provider,
        report,
    )
    pipeline.added = [
        Component("jobs", jobs),
        *_components("traces", settings, report, _span_processor),
    ]
    for component in pipeline.added:
        pipeline.provider.add_span_processor(component.part)
    return pipeline


def log_pipeline(settings: Settings, resource: Resource, report: Report) -> Pipeline:
    """Log records: job stamping first, then the exporters of `settings.logs`."""
    pipeline = _pipeline(
        "logs",
        _logs.get_logger_provider(),
        LoggerProvider,
        lambda: LoggerProvider(resource=resource, shutdown_on_exit=False),
        _logs.set_logger_provider,
        report,
    )
    pipeline.added = [
        Component("jobs", JobLogProcessor()),
        *_components("logs", settings, report, _log_processor),
    ]
    for component in pipeline.added:
        pipeline.provider.add_log_record_processor(component.part)
    return pipeline


def metric_pipeline(
    settings: Settings, resource: Resource, report: Report, prometheus: MetricReader | None
) -> Pipeline:
    """Measurements: a periodic reader for each push exporter, and the Prometheus reader."""
    pipeline = _pipeline(
        "metrics",
        metrics.get_meter_provider(),
        MeterProvider,
        lambda: MeterProvider(resource=resource, shutdown_on_exit=False),
        metrics.set_meter_provider,
        report,
    )
    pipeline.added = list(_components("metrics", settings, report, _metric_reader))
    if prometheus is not None:
        pipeline.added.append(Component("prometheus", prometheus))
    for component in pipeline.added:
        pipeline.provider.add_metric_reader(component.part)
    return pipeline


def retire(provider: Any) -> None:
    """Notes a provider of ours that was shut down: a later set-up does not build on it."""
    _retired.add(provider)


def _components(
    signal: str, settings: Settings, report: Report, build: Callable[[Any], Any]
) -> Iterator[Component]:
    names: tuple[str, ...] = getattr(settings, signal)
    for name in names:
        if name == "prometheus":  # made before, since others may be mounted on it
            continue
        part = f"{signal}: {name}"
        exporter = report.attempt(part, exporters.load, signal, name, settings)
        built = None if exporter is None else report.attempt(part, build, exporter)
        if built is not None:
            report.works(part)
            yield Component(name, built, None if built is exporter else exporter)


def _span_processor(exporter: Any) -> SpanProcessor:
    if isinstance(exporter, DuckDBSpanExporter):
        return QueuedSpanProcessor(exporter, *_queue_arguments("OTEL_BSP"))
    return BatchSpanProcessor(exporter, **_batch_defaults("OTEL_BSP"))


def _log_processor(exporter: Any) -> LogRecordProcessor:
    if isinstance(exporter, DuckDBLogExporter):
        return QueuedLogProcessor(exporter, *_queue_arguments("OTEL_BLRP"))
    return BatchLogRecordProcessor(exporter, **_batch_defaults("OTEL_BLRP"))


def _metric_reader(loaded: Any) -> MetricReader:
    if isinstance(loaded, MetricReader):
        return loaded
    is_ours = isinstance(loaded, DuckDBMetricExporter)
    if is_ours and "OTEL_METRIC_EXPORT_INTERVAL" not in os.environ:
        return PeriodicExportingMetricReader(loaded, _DUCKDB_EXPORT_INTERVAL_MILLIS)
    return PeriodicExportingMetricReader(loaded)


def _pipeline(  # noqa: PLR0913, PLR0917 - one argument per thing in which the signals differ
    signal: str,
    current: object,
    sdk_class: type[Provider],
    make: Callable[[], Provider],
    set_global: Callable[[Any], None],
    report: Report,
) -> Pipeline:
    name = f"{signal}: provider"
    if isinstance(current, sdk_class) and current not in _retired:
        report.works(name, "found in place, and added to")
        return Pipeline(current, owned=False)
    try:
        provider = make()
    except Exception as error:
        # The SDK reads its limits and filters from the environment here, and refuses nonsense.
        raise ConfigError(f"the {signal} provider cannot be made: {error}") from error
    if isinstance(current, sdk_class):
        report.works(name, "set up here; the global one was shut down, and cannot be replaced")
    elif type(current).__module__.startswith("opentelemetry."):
        set_global(provider)
        report.works(name, "set up here")
    else:
        kind = f"{type(current).__module__}.{type(current).__qualname__}"
        report.failed(
            f"{signal}: global provider",
            f"the host set {kind}, which is not the SDK's; only decorated functions are recorded",
        )
    return Pipeline(provider, owned=True)


def _batch_defaults(prefix: str) -> dict[str, Any]:
    """Ours where the user's environment says nothing."""
    return {
        argument: default
        for argument, (suffix, default) in _BATCH_DEFAULTS.items()
        if f"{prefix}_{suffix}" not in os.environ
    }


def _queue_arguments(prefix: str) -> tuple[int, float, int]:
    """The longest queue, the seconds between two exports, and the records of one."""
    size = _positive(f"{prefix}_MAX_QUEUE_SIZE", _BATCH_DEFAULTS["max_queue_size"][1])
    delay = _positive(f"{prefix}_SCHEDULE_DELAY", _BATCH_DEFAULTS["schedule_delay_millis"][1])
    batch = _positive(f"{prefix}_MAX_EXPORT_BATCH_SIZE", min(512, size))
    if batch > size:
        raise ConfigError(f"{prefix}_MAX_EXPORT_BATCH_SIZE is {batch}, and the queue holds {size}")
    return size, delay / 1_000, batch


def _positive(variable: str, default: int) -> int:
    given = os.environ.get(variable, "").strip() or str(default)
    if not given.isdecimal() or not int(given):
        raise ConfigError(f"variable {variable} is {given!r}: give a number above 0")
    return int(given)

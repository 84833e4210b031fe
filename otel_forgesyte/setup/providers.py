"""The three providers: the host's where it has set one, ours where it has not.

Each function returns the provider that the domain will use, with what of it is ours to shut down.
A host's provider keeps everything it had; exporters are added through its public methods. A host's
provider that is not the SDK's cannot be added to: it is left alone and ours stands beside it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from opentelemetry import _logs, metrics, trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    MetricExporter,
    MetricReader,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from otel_forgesyte.setup import exporters
from otel_forgesyte.setup.processors import JobLogProcessor
from otel_forgesyte_duckdb import DuckDBMetricExporter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from opentelemetry.sdk.resources import Resource

    from otel_forgesyte.setup.processors import JobSpanProcessor
    from otel_forgesyte.setup.report import Report
    from otel_forgesyte.setup.settings import Settings

Provider = TypeVar("Provider", TracerProvider, MeterProvider, LoggerProvider)

# The SDK's defaults (5 s, 2,048) drop the oldest span of a burst that one second of work fills.
# A shorter delay and a longer queue cost memory only while there is something to hold.
_BATCH_DEFAULTS = {
    "schedule_delay_millis": ("SCHEDULE_DELAY", 1_000),
    "max_queue_size": ("MAX_QUEUE_SIZE", 32_768),
}


# The SDK's minute is meant for a network; until it is over, a killed process loses its metrics.
_DUCKDB_EXPORT_INTERVAL_MILLIS = 10_000


@dataclass
class Pipeline:
    """One signal's provider and what we added to it.

    Attributes:
        provider: the SDK provider in use.
        owned: it was made here, so it is ours to shut down.
        added: processors or readers of ours, to be flushed and shut down if it is not.
        exporters: what those deliver to.
    """

    provider: Any
    owned: bool
    added: list[Any] = field(default_factory=list[Any])
    exporters: list[Any] = field(default_factory=list[Any])

    @property
    def ours(self) -> tuple[Any, ...]:
        """What to flush and to shut down: the whole provider, or only what we added to it."""
        return (self.provider,) if self.owned else tuple(self.added)


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
    pipeline.added.append(jobs)
    pipeline.exporters += _load_all("traces", settings.traces, settings, report)
    pipeline.added += [
        BatchSpanProcessor(exporter, **_batch_defaults("OTEL_BSP"))
        for exporter in pipeline.exporters
    ]
    for processor in pipeline.added:
        pipeline.provider.add_span_processor(processor)
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
    pipeline.added.append(JobLogProcessor())
    pipeline.exporters += _load_all("logs", settings.logs, settings, report)
    pipeline.added += [
        BatchLogRecordProcessor(exporter, **_batch_defaults("OTEL_BLRP"))
        for exporter in pipeline.exporters
    ]
    for processor in pipeline.added:
        pipeline.provider.add_log_record_processor(processor)
    return pipeline


def metric_pipeline(
    settings: Settings, resource: Resource, report: Report, prometheus: MetricReader | None
) -> Pipeline:
    """Measurements: a periodic reader for each push exporter, and the Prometheus reader."""
    names = [name for name in settings.metrics if name != "prometheus"]
    loaded = list(_load_all("metrics", names, settings, report))
    readers = [one if isinstance(one, MetricReader) else _periodic(one) for one in loaded]
    if prometheus is not None:
        readers.append(prometheus)
    pipeline = _pipeline(
        "metrics",
        metrics.get_meter_provider(),
        MeterProvider,
        lambda: MeterProvider(readers, resource=resource, shutdown_on_exit=False),
        metrics.set_meter_provider,
        report,
    )
    pipeline.added += readers
    pipeline.exporters += [one for one in loaded if isinstance(one, MetricExporter)]
    if not pipeline.owned:
        for reader in readers:
            pipeline.provider.add_metric_reader(reader)
    return pipeline


def _load_all(
    signal: str, names: Iterable[str], settings: Settings, report: Report
) -> Iterator[Any]:
    for name in names:
        part = f"{signal}: {name}"
        exporter = report.attempt(part, exporters.load, signal, name, settings)
        if exporter is not None:
            report.works(part)
            yield exporter


def _pipeline(  # noqa: PLR0913, PLR0917 - one argument per thing in which the signals differ
    signal: str,
    current: object,
    sdk_class: type[Provider],
    make: Callable[[], Provider],
    set_global: Callable[[Any], None],
    report: Report,
) -> Pipeline:
    if isinstance(current, sdk_class):
        report.works(f"{signal}: provider", "found in place, and added to")
        return Pipeline(current, owned=False)
    provider = make()
    if type(current).__module__.startswith("opentelemetry."):
        set_global(provider)
        report.works(f"{signal}: provider", "set up here")
    else:
        kind = f"{type(current).__module__}.{type(current).__qualname__}"
        report.failed(
            f"{signal}: global provider",
            f"the host set {kind}, which is not the SDK's; only decorated functions are recorded",
        )
    return Pipeline(provider, owned=True)


def _periodic(exporter: MetricExporter) -> MetricReader:
    is_ours = isinstance(exporter, DuckDBMetricExporter)
    if is_ours and "OTEL_METRIC_EXPORT_INTERVAL" not in os.environ:
        return PeriodicExportingMetricReader(exporter, _DUCKDB_EXPORT_INTERVAL_MILLIS)
    return PeriodicExportingMetricReader(exporter)


def _batch_defaults(prefix: str) -> dict[str, Any]:
    """Ours where the user's environment says nothing."""
    return {
        argument: default
        for argument, (suffix, default) in _BATCH_DEFAULTS.items()
        if f"{prefix}_{suffix}" not in os.environ
    }

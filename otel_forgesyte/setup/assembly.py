"""From settings to a running set-up, in one order whoever asked for it.

A declarative file, a host that set providers of its own, and a bare process differ in one thing
only: which providers stand already. Whatever stands is added to; what is missing is made.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.resources import Resource

from otel_forgesyte import overlays, telemetry
from otel_forgesyte.semconv import SERVICE_NAME
from otel_forgesyte.setup import declarative, exporters, providers
from otel_forgesyte.setup.frames import FrameStream
from otel_forgesyte.setup.handle import Machinery, Telemetry
from otel_forgesyte.setup.measurements import MeasurementBuffer
from otel_forgesyte.setup.processors import JobSpanProcessor
from otel_forgesyte.setup.report import Report
from otel_forgesyte.setup.sampler import prove_against_sampling
from otel_forgesyte.setup.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opentelemetry.sdk.metrics.export import MetricExporter

    from otel_forgesyte.setup.settings import Settings
    from otel_forgesyte_duckdb import DuckDBSpanExporter
    from otel_forgesyte_prometheus import PrometheusReader, Server

# How long a measurement, a frame or a started job waits for the worker. What a killed process had
# waiting is lost, and on a busy machine the round itself takes as long again.
_INTERVAL_S = 0.5


def assemble(settings: Settings, overrides: dict[str, Any]) -> Telemetry:
    """Sets everything up; a part that cannot be is reported and left out."""
    report = Report()
    if settings.disabled:
        report.works("disabled", "OTEL_SDK_DISABLED is true: nothing is recorded")
        return Telemetry(report.parts, None, overrides)
    declared = _declared(settings, report)
    if declared is not None:
        settings = replace(settings, traces=(), metrics=(), logs=())
    resource = _resource(settings)
    measurements = MeasurementBuffer()
    prometheus, server = _prometheus(settings, report)
    jobs = JobSpanProcessor()
    metric = providers.metric_pipeline(settings, resource, report, prometheus)
    log = providers.log_pipeline(settings, resource, report)
    trace = providers.trace_pipeline(settings, resource, report, jobs)
    jobs.exporters = _lifecycle_exporters(settings, declared, report)
    frame_exporters = _frame_exporters(settings, declared, report)
    frames = FrameStream(frame_exporters, lambda: trace.provider.resource)
    if declared is not None:
        for pipeline in (trace, metric, log):
            pipeline.owned = True
    emitters = telemetry.use_providers(trace.provider, metric.provider, log.provider)
    prove_against_sampling(emitters.tracer)
    telemetry.defer_measurements_to(measurements)
    overlays.send_frames_to(frames)
    parts = (jobs, frames, measurements)
    worker = Worker(parts, _INTERVAL_S)
    machinery = Machinery((trace, metric, log), jobs, frames, worker, prometheus, server)
    return Telemetry(report.parts, machinery, overrides)


def _declared(settings: Settings, report: Report) -> declarative.Declared | None:
    """What the file declared; None without one, or when it cannot be used: then the rest counts."""
    path = settings.config_file
    if path is None:
        return None
    name = "declarative configuration"
    declared = report.attempt(name, declarative.apply, path)
    if declared is not None:
        report.works(name, path)
    return declared


def _resource(settings: Settings) -> Resource:
    attributes = dict(settings.resource_attributes)
    if settings.service_name:
        attributes[SERVICE_NAME] = settings.service_name
    return Resource.create(attributes)


def _prometheus(
    settings: Settings, report: Report
) -> tuple[PrometheusReader | None, Server | None]:
    """The reader always, when asked for: a taken port leaves it to be mounted."""
    if "prometheus" not in settings.metrics:
        return None, None
    from otel_forgesyte_prometheus import PrometheusReader, start_server

    reader = PrometheusReader()
    name = "metrics: prometheus"
    server = report.attempt(
        name, start_server, reader, settings.prometheus_host, settings.prometheus_port
    )
    if server is not None:
        report.works(name, server.url)
    return reader, server


def _lifecycle_exporters(
    settings: Settings, declared: declarative.Declared | None, report: Report
) -> tuple[DuckDBSpanExporter, ...]:
    """A span exporter into each DuckDB store, for what no processor of the SDK delivers."""
    from otel_forgesyte_duckdb import DuckDBSpanExporter

    if declared is not None:
        arguments: Iterable[dict[str, Any]] = declared.spans
    else:
        # Only where the ends go too: a start alone would leave each job running for ever.
        arguments = [settings.duckdb_arguments] if "duckdb" in settings.traces else []
    made = [
        report.attempt("running jobs: duckdb", DuckDBSpanExporter, **given) for given in arguments
    ]
    return tuple(exporter for exporter in made if exporter is not None)


def _frame_exporters(
    settings: Settings, declared: declarative.Declared | None, report: Report
) -> tuple[MetricExporter, ...]:
    """Push exporters for the frame stream, none of them shared with a reader."""
    from otel_forgesyte_duckdb import DuckDBMetricExporter

    made: list[MetricExporter | None]
    if declared is not None:
        made = [
            report.attempt("frames: duckdb", DuckDBMetricExporter, **given)
            for given in declared.metrics
        ]
    else:
        made = [
            report.attempt(f"frames: {name}", exporters.load, "metrics", name, settings)
            for name in settings.metrics
            if name != "prometheus"
        ]
    return tuple(exporter for exporter in made if exporter is not None)

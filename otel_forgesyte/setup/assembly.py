"""From settings to a running set-up, in one order whoever asked for it.

A declarative file, a host that set providers of its own, and a bare process differ in one thing
only: which providers stand already. Whatever stands is added to; what is missing is made.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.metrics.export import MetricExporter
from opentelemetry.sdk.resources import Resource

from otel_forgesyte import overlays, telemetry
from otel_forgesyte.semconv import SERVICE_NAME
from otel_forgesyte.setup import declarative, exporters, providers
from otel_forgesyte.setup.frames import FrameStream
from otel_forgesyte.setup.handle import Machinery, Telemetry, close
from otel_forgesyte.setup.measurements import MeasurementBuffer
from otel_forgesyte.setup.processors import JobSpanProcessor
from otel_forgesyte.setup.rehearsal import start_spans
from otel_forgesyte.setup.report import Report
from otel_forgesyte.setup.scraping import JobsOfSpans, tell_explosions
from otel_forgesyte.setup.worker import Worker
from otel_forgesyte_duckdb import report_metrics

if TYPE_CHECKING:
    from otel_forgesyte.setup.providers import Pipeline
    from otel_forgesyte.setup.settings import Settings
    from otel_forgesyte_duckdb import DuckDBSpanExporter
    from otel_forgesyte_prometheus import PrometheusReader, Together

# How long a measurement, a frame or a started job waits for the worker. What a killed process had
# waiting is lost, and on a busy machine the round itself takes as long again.
_INTERVAL_S = 0.5
_PROMETHEUS = "metrics: prometheus"


def assemble(settings: Settings, overrides: dict[str, Any]) -> Telemetry:
    """Sets everything up; a part that cannot be is reported and left out.

    Raises:
        ConfigError: the SDK refuses its environment; what was made until then is shut down again.
    """
    report = Report()
    if settings.disabled:
        report.works("disabled", "OTEL_SDK_DISABLED is true: nothing is recorded")
        return Telemetry(report.parts, None, overrides)
    declared = _declared(settings, report)
    left = _left_by(declared, settings)
    jobs_of_spans = JobsOfSpans()
    reader = _prometheus_reader(left, report, jobs_of_spans)
    pipelines, jobs = _pipelines(left, report, reader)
    trace, metric, log = pipelines
    for signal, pipeline in zip(("traces", "metrics", "logs"), pipelines, strict=True):
        pipeline.owned |= signal in declared.signals
    jobs.exporters = _lifecycle_exporters(left, declared, report)
    frames = FrameStream(_frame_exporters(left, declared, report), lambda: trace.provider.resource)
    measurements = MeasurementBuffer(None if reader is None else jobs_of_spans)
    emitters = telemetry.use_providers(trace.provider, metric.provider, log.provider)
    slower = report.attempt("traces: spans", start_spans, emitters, jobs)
    if slower is not None:
        report.works("traces: spans", slower)
    telemetry.defer_measurements_to(measurements)
    overlays.send_frames_to(frames)
    worker = Worker((jobs, frames, measurements), _INTERVAL_S)
    server = _server(left, report, reader, str(trace.provider.resource.attributes[SERVICE_NAME]))
    if reader is not None:
        report.attempt("metrics: explosions", tell_explosions, metric.provider, reader)
    reporting = report.attempt("metrics: of the exporters", report_metrics, metric.provider)
    return Telemetry(
        report.parts,
        Machinery(pipelines, jobs, frames, worker, reader, server, reporting),
        overrides,
    )


def _pipelines(
    settings: Settings, report: Report, reader: PrometheusReader | None
) -> tuple[tuple[Pipeline, Pipeline, Pipeline], JobSpanProcessor]:
    resource = _resource(settings)
    jobs = JobSpanProcessor()
    made: list[Pipeline] = []
    try:
        made.append(providers.metric_pipeline(settings, resource, report, reader))
        made.append(providers.log_pipeline(settings, resource, report))
        made.append(providers.trace_pipeline(settings, resource, report, jobs))
    except Exception:
        for pipeline in made:
            close(pipeline)
        raise
    metric, log, trace = made
    return (trace, metric, log), jobs


def _declared(settings: Settings, report: Report) -> declarative.Declared:
    """What the file declared: nothing without one, or when it cannot be used."""
    name = "declarative configuration"
    path = settings.config_file
    nothing = declarative.Declared(frozenset(), (), ())
    if path is None:
        return nothing
    declared = report.attempt(name, declarative.apply, path, settings.redact)
    if declared is None:
        return nothing
    if declared.error is not None:
        report.failed(name, declared.error)
    else:
        report.works(name, path)
    if settings.beside_the_file:
        unused = ", ".join(settings.beside_the_file)
        report.failed("arguments", f"{path} decides these, so they are not used: {unused}")
    return declared


def _left_by(declared: declarative.Declared, settings: Settings) -> Settings:
    """What is still to be set up: the signals that no file has, and `/metrics` if asked for."""
    prometheus = ("prometheus",) if settings.prometheus_is_asked_for else ()
    return replace(
        settings,
        traces=() if "traces" in declared.signals else settings.traces,
        metrics=prometheus if "metrics" in declared.signals else settings.metrics,
        logs=() if "logs" in declared.signals else settings.logs,
    )


def _resource(settings: Settings) -> Resource:
    attributes = dict(settings.resource_attributes)
    if settings.service_name:
        attributes[SERVICE_NAME] = settings.service_name
    return Resource.create(attributes)


def _prometheus_reader(
    settings: Settings, report: Report, jobs: JobsOfSpans
) -> PrometheusReader | None:
    """The reader, when asked for: a taken port leaves it to be mounted."""
    if "prometheus" not in settings.metrics:
        return None
    from otel_forgesyte_prometheus import Door, PrometheusReader

    files = settings.prometheus_web_config_file, settings.prometheus_token_file
    door = report.attempt(_PROMETHEUS, Door.resolve, *files)
    # Wherever it is mounted: never open where something was to be asked for.
    return PrometheusReader(exemplar_labels=jobs.labels, door=door or Door.shut())


def _server(
    settings: Settings, report: Report, reader: PrometheusReader | None, service: str
) -> Together | None:
    if reader is None:
        return None
    from otel_forgesyte_prometheus import Together

    if any(part.name == _PROMETHEUS for part in report.parts):  # nobody could come in
        return None
    where = settings.prometheus_host, settings.prometheus_port
    together = report.attempt(
        _PROMETHEUS, lambda: Together(reader, *where, settings.shared_metrics, service)
    )
    if together is None:
        return None
    if together.error is not None:
        report.failed(_PROMETHEUS, together.error.strerror or together.error)
    else:
        report.works(_PROMETHEUS, together.url or "served by another process of this service")
    return together


def _lifecycle_exporters(
    settings: Settings, declared: declarative.Declared, report: Report
) -> tuple[DuckDBSpanExporter, ...]:
    """A span exporter into each DuckDB store, for what no processor of the SDK delivers."""
    from otel_forgesyte_duckdb import DuckDBSpanExporter

    # Only where the ends go too: a start alone would leave each job running for ever.
    own = [settings.duckdb_arguments] if "duckdb" in settings.traces else []
    made = [
        report.attempt("running jobs: duckdb", DuckDBSpanExporter, **arguments)
        for arguments in (*declared.spans, *own)
    ]
    return tuple(exporter for exporter in made if exporter is not None)


def _frame_exporters(
    settings: Settings, declared: declarative.Declared, report: Report
) -> tuple[MetricExporter, ...]:
    """Push exporters for the frame stream, none of them shared with a reader."""
    from otel_forgesyte_duckdb import DuckDBMetricExporter

    made: list[Any] = [
        report.attempt("frames: duckdb", DuckDBMetricExporter, **arguments)
        for arguments in declared.metrics
    ]
    made += [
        report.attempt(f"frames: {name}", exporters.load, "metrics", name, settings)
        for name in sorted(settings.metrics, key=lambda name: name != "duckdb")
        if name != "prometheus"
    ]
    # A name may stand for a reader, which collects for itself and takes nothing handed to it.
    return tuple(exporter for exporter in made if isinstance(exporter, MetricExporter))

"""The tracer, logger and instruments that the decorators emit through, made at first use.

Nothing happens at import. Without an SDK these are the API's proxies: they do nothing, and begin
to work when the host sets a provider. Set-up (and tests) bind other providers with
`use_providers`, and take the recording of histograms off the calling thread with
`defer_measurements_to`.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, Protocol

from opentelemetry import trace
from opentelemetry.context import Context, get_current

from otel_forgesyte import semconv
from otel_forgesyte.active import active_jobs
from otel_forgesyte.failures import failed, failures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from opentelemetry._logs import Logger, LoggerProvider
    from opentelemetry.metrics import (
        CallbackOptions,
        Counter,
        Histogram,
        Meter,
        MeterProvider,
        Observation,
    )
    from opentelemetry.trace import Span, SpanKind, Tracer, TracerProvider

    from otel_forgesyte.overlays import Frame

__all__ = [
    "Emitters",
    "Measurement",
    "MeasurementBuffer",
    "defer_measurements_to",
    "emitters",
    "failed",
    "failures",
    "measure",
    "record_render",
    "replay",
    "use_providers",
]

Measurement = tuple["Histogram", float, "Mapping[str, Any]", Context]
"""A histogram record not made yet: instrument, value, attributes, context (for the exemplar)."""


class StartSpan(Protocol):
    """Starts a span, as a tracer's `start_span` does."""

    def __call__(
        self,
        name: str,
        context: Context,
        kind: SpanKind,
        attributes: Mapping[str, Any],
        *,
        start_time: int | None = None,
    ) -> Span: ...


class MeasurementBuffer(Protocol):
    """Takes measurements to `replay` on another thread."""

    def append(self, measurement: Measurement, /) -> bool:
        """Accept the measurement, or return False when full: it is then recorded at once."""
        ...

    def deliver(self) -> None:
        """Replay what was accepted so far; called whenever a reader collects, on its thread."""
        ...


class Emitters:
    """One binding of tracer, logger and instruments to providers.

    A provider that fails gives its API no-op in place, and is counted: the other two go on.
    """

    __slots__ = (
        "fallbacks",
        "frame_interval",
        "frames_dropped",
        "job_duration",
        "logger",
        "plugin_duration",
        "queue_duration",
        "render_duration",
        "start_span",
        "tracer",
    )

    def __init__(
        self,
        tracer_provider: TracerProvider | None,
        meter_provider: MeterProvider | None,
        logger_provider: LoggerProvider | None,
    ) -> None:
        # Here, not above: they are a fifth of what importing this package would take.
        from opentelemetry import _logs, metrics

        version = _package_version()
        scope = semconv.SCOPE_NAME
        self.tracer: Tracer = _made(
            "tracer provider",
            lambda: (tracer_provider or trace.get_tracer_provider()).get_tracer(scope, version),
            trace.NoOpTracer,
        )
        self.start_span: StartSpan = _made(
            "tracer", lambda: self.tracer.start_span, lambda: trace.NoOpTracer().start_span
        )
        self.logger: Logger = _made(
            "logger provider",
            lambda: (logger_provider or _logs.get_logger_provider()).get_logger(scope, version),
            lambda: _logs.NoOpLogger(scope),
        )
        try:
            provider = meter_provider or metrics.get_meter_provider()
            self._instruments(provider.get_meter(scope, version))
        except Exception as error:  # noqa: BLE001 - a broken provider costs its signal, not the job
            failed("meter provider", error)
            self._instruments(metrics.NoOpMeter(scope))

    def _instruments(self, meter: Meter) -> None:
        self.job_duration = _histogram(meter, semconv.METRIC_FORGESYTE_JOB_DURATION)
        self.queue_duration = _histogram(meter, semconv.METRIC_FORGESYTE_JOB_QUEUE_DURATION)
        self.plugin_duration = _histogram(meter, semconv.METRIC_FORGESYTE_PLUGIN_EXECUTION_DURATION)
        self.render_duration = _histogram(meter, semconv.METRIC_FORGESYTE_OVERLAY_RENDER_DURATION)
        self.frame_interval = _histogram(meter, semconv.METRIC_FORGESYTE_OVERLAY_FRAME_INTERVAL)
        self.frames_dropped = _counter(meter, semconv.METRIC_FORGESYTE_OVERLAY_FRAMES_DROPPED)
        self.fallbacks = _counter(meter, semconv.METRIC_FORGESYTE_DEVICE_FALLBACKS)
        active = semconv.METRIC_FORGESYTE_JOB_ACTIVE
        meter.create_observable_up_down_counter(
            active.name, [_observe], active.unit, active.description
        )
        age = semconv.METRIC_FORGESYTE_JOB_OLDEST_AGE
        meter.create_observable_gauge(
            age.name, [active_jobs.observe_ages], age.unit, age.description
        )


_emitters: Emitters | None = None
_buffer: MeasurementBuffer | None = None
_binding = threading.RLock()  # re-entrant: a provider may itself be decorated


def emitters() -> Emitters:
    """The binding in use; made from the global providers at the first call."""
    return _emitters or _first_emitters()


def use_providers(
    tracer_provider: TracerProvider | None = None,
    meter_provider: MeterProvider | None = None,
    logger_provider: LoggerProvider | None = None,
) -> Emitters:
    """Emit through these providers from now on; None means the global one of that signal.

    Spans that are under way end where they started. Binding a real provider directly spares
    each span the API's proxy (0.5 µs), so set-up calls this after it has set the global ones.
    """
    global _emitters  # noqa: PLW0603 - one binding per process, as OpenTelemetry's own
    _emitters = bound = Emitters(tracer_provider, meter_provider, logger_provider)
    return bound


def _first_emitters() -> Emitters:
    # Two threads that both made instruments would count the running jobs twice.
    with _binding:
        return _emitters or use_providers()


def _unlock() -> None:
    # A forked child has only the thread that forked; another one may have held the lock.
    global _binding  # noqa: PLW0603 - one lock per process
    _binding = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlock)


def defer_measurements_to(buffer: MeasurementBuffer | None) -> None:
    """Hand histogram records to `buffer`, whose owner calls `replay` on them; None stops that."""
    global _buffer  # noqa: PLW0603 - as above
    _buffer = buffer


def measure(
    histogram: Histogram,
    value: float,
    attributes: Mapping[str, Any],
    context: Context | None = None,
) -> None:
    """Record one value, now or through the buffer; `context` links it to its span.

    Never raises. The attributes must not be changed by the caller afterwards.
    """
    try:
        buffer = _buffer
        if buffer is not None and buffer.append(
            (histogram, value, attributes, get_current() if context is None else context)
        ):
            return
        histogram.record(value, attributes, context)
    except Exception as error:  # noqa: BLE001 - a measurement never fails the work it measures
        failed("measurement", error)


def record_render(frame: Frame) -> None:
    """Measure one drawn frame: few labels, none of its identity. Never raises."""
    labels: dict[str, Any] = {}
    if frame.plugin is not None:
        labels[semconv.FORGESYTE_PLUGIN_NAME] = frame.plugin
    if frame.device is not None:
        labels[semconv.FORGESYTE_DEVICE_NAME] = frame.device
    bound = emitters()
    measure(bound.render_duration, frame.duration_s, labels)
    if frame.fps:
        measure(bound.frame_interval, 1 / frame.fps, labels)
    if frame.dropped:
        try:
            bound.frames_dropped.add(frame.dropped, labels)
        except Exception as error:  # noqa: BLE001 - as in `measure`
            failed("measurement", error)


def replay(measurement: Measurement) -> None:
    """Record a deferred measurement; never raises."""
    histogram, value, attributes, context = measurement
    try:
        histogram.record(value, attributes, context)
    except Exception as error:  # noqa: BLE001 - as in `measure`
        failed("measurement", error)


def _observe(options: CallbackOptions) -> Iterable[Observation]:
    # A collection asks observable instruments first, so what waits in the buffer is in it too.
    buffer = _buffer
    if buffer is not None:
        try:
            buffer.deliver()
        except Exception as error:  # noqa: BLE001 - the number of jobs is known all the same
            failed("measurement", error)
    return active_jobs.observe(options)


def _histogram(meter: Meter, instrument: semconv.Instrument) -> Histogram:
    # Advisory bounds always: the SDK's default ones are meant for milliseconds.
    return meter.create_histogram(
        instrument.name,
        instrument.unit,
        instrument.description,
        explicit_bucket_boundaries_advisory=instrument.bounds,
    )


def _counter(meter: Meter, instrument: semconv.Instrument) -> Counter:
    return meter.create_counter(instrument.name, instrument.unit, instrument.description)


def _made(place: str, make: Callable[[], Any], fallback: Callable[[], Any]) -> Any:
    try:
        return make()
    except Exception as error:  # noqa: BLE001 - a broken provider costs its signal, not the job
        failed(place, error)
        return fallback()


def _package_version() -> str:
    from importlib import metadata  # half of what importing the whole package would take

    try:
        return metadata.version("otel-forgesyte")
    except metadata.PackageNotFoundError:  # run from a source tree that is not installed
        return ""

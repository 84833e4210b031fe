"""Frames as measurements: a public histogram without their identity, and a stream with it.

Every frame is recorded in `forgesyte.overlay.render.duration`, whose labels stay few. Who it was
(job id, index, frames dropped before it, rate) travels as the exemplars of a second metric,
`forgesyte.overlay.frame.duration`, that is handed to the push exporters only: nothing on
`/metrics` can ever carry it, whichever provider the host runs, and a collector that receives it
over OTLP gets standard OpenTelemetry.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.metrics import Exemplar
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    ResourceMetrics,
    ScopeMetrics,
)
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from otel_forgesyte import telemetry
from otel_forgesyte.semconv import (
    FORGESYTE_DEVICE_NAME,
    FORGESYTE_FRAME_DROPPED,
    FORGESYTE_FRAME_INDEX,
    FORGESYTE_FRAME_RATE,
    FORGESYTE_JOB_ID,
    FORGESYTE_PLUGIN_NAME,
    METRIC_FORGESYTE_OVERLAY_FRAME_DURATION,
    SCOPE_NAME,
)
from otel_forgesyte.setup.buffer import Buffer, count_overflow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opentelemetry.sdk.metrics.export import MetricExporter
    from opentelemetry.sdk.resources import Resource

    from otel_forgesyte.overlays import Frame

_Series = tuple["str | None", "str | None"]  # plugin, device
_LIMIT = 65_536  # frames between two rounds of the worker: an hour of video in a second
_INSTRUMENT = METRIC_FORGESYTE_OVERLAY_FRAME_DURATION
_BOUNDS: tuple[float, ...] = _INSTRUMENT.bounds or ()


class FrameStream:
    """Takes each rendered frame in two appends and delivers the stream from the worker.

    Args:
        exporters: push exporters of our own; a reader's may not be shared, since `export` is
            never called twice at the same time.
        resource: of the process, called for at each delivery since a fork changes it.
    """

    def __init__(
        self,
        exporters: Sequence[MetricExporter],
        resource: Callable[[], Resource],
    ) -> None:
        self.exporters = exporters
        self._resource = resource
        self._frames: Buffer[Frame] = Buffer(_LIMIT)
        self.overflowed = 0
        self._told = 0

    def append(self, frame: Frame) -> None:
        """Takes a frame; one that finds the buffer full is only measured, and counted."""
        telemetry.record_render(frame)
        if not self._frames.append(frame):
            self.overflowed += 1

    def deliver(self) -> None:
        """Exports what was taken; called by the worker."""
        overflowed = self.overflowed
        count_overflow(self.exporters, overflowed - self._told)
        self._told = overflowed
        frames = self._frames.take()
        if not frames:
            return
        metrics_data = encode(frames, self._resource())
        for exporter in self.exporters:
            _export(exporter, metrics_data)

    def forget(self) -> None:
        """Drops what was taken: in a forked child it is the parent's."""
        self._frames.clear()
        self.overflowed = self._told = 0


def _export(exporter: MetricExporter, metrics_data: MetricsData) -> None:
    try:
        exporter.export(metrics_data)  # pyright: ignore[reportUnknownMemberType]
    except Exception as error:  # noqa: BLE001 - one exporter's failure is not the next one's
        telemetry.failed("frame export", error)


def encode(frames: Sequence[Frame], resource: Resource) -> MetricsData:
    """Frames as one delta histogram, a point per plugin and device, an exemplar per frame."""
    series: defaultdict[_Series, list[Frame]] = defaultdict(list)
    for frame in frames:
        series[frame.plugin, frame.device].append(frame)
    metric = Metric(
        name=_INSTRUMENT.name,
        description=_INSTRUMENT.description,
        unit=_INSTRUMENT.unit,
        data=Histogram(
            data_points=[_point(key, members) for key, members in series.items()],
            aggregation_temporality=AggregationTemporality.DELTA,
        ),
    )
    scope = ScopeMetrics(InstrumentationScope(SCOPE_NAME), [metric], "")
    return MetricsData([ResourceMetrics(resource, [scope], "")])


def _point(key: _Series, frames: Sequence[Frame]) -> HistogramDataPoint:
    labels = zip((FORGESYTE_PLUGIN_NAME, FORGESYTE_DEVICE_NAME), key, strict=True)
    durations = [frame.duration_s for frame in frames]
    bucket_counts = [0] * (len(_BOUNDS) + 1)
    for duration in durations:
        bucket_counts[bisect_left(_BOUNDS, duration)] += 1
    times = [frame.time_unix_nano for frame in frames]
    return HistogramDataPoint(
        attributes={name: value for name, value in labels if value is not None},
        start_time_unix_nano=min(times),
        time_unix_nano=max(times),
        count=len(frames),
        sum=sum(durations),
        bucket_counts=bucket_counts,
        explicit_bounds=_BOUNDS,
        min=min(durations),
        max=max(durations),
        exemplars=[_exemplar(frame) for frame in frames],
    )


def _exemplar(frame: Frame) -> Exemplar:
    identity: dict[str, Any] = {
        FORGESYTE_JOB_ID: frame.job_id,
        FORGESYTE_FRAME_INDEX: frame.index,
        FORGESYTE_FRAME_DROPPED: frame.dropped,
    }
    if frame.fps is not None:
        identity[FORGESYTE_FRAME_RATE] = frame.fps
    return Exemplar(identity, frame.duration_s, frame.time_unix_nano, frame.span_id, frame.trace_id)

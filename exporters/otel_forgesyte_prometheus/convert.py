"""OpenTelemetry metric points as Prometheus families."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.sdk.metrics.export import (
    ExponentialHistogramDataPoint,
    Gauge,
    HistogramDataPoint,
    NumberDataPoint,
    Sum,
)

from otel_forgesyte_prometheus.cardinality import PageWatch
from otel_forgesyte_prometheus.exponential import classic_buckets
from otel_forgesyte_prometheus.families import Buckets, Kind, Number
from otel_forgesyte_prometheus.labels import scope_pairs
from otel_forgesyte_prometheus.names import metric_name, unit_name
from otel_forgesyte_prometheus.native import native

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.sdk.metrics.export import Metric, MetricsData
    from opentelemetry.sdk.resources import Resource

    from otel_forgesyte_prometheus.cardinality import CardinalityGuard
    from otel_forgesyte_prometheus.exemplars import Exemplars
    from otel_forgesyte_prometheus.families import FamilySet, Point
    from otel_forgesyte_prometheus.labels import LabelMaker, Pairs

_TARGET: Final = "target"


@dataclass(frozen=True, slots=True)
class _Metric:
    """What the points of a metric have in common."""

    name: str
    kind: Kind
    scope: Pairs
    is_sum: bool


class Converter:
    """Puts the points of a collection into a set of families."""

    def __init__(  # noqa: PLR0913 - named arguments, one for each thing that a page depends on
        self,
        families: FamilySet,
        labels: LabelMaker,
        guard: CardinalityGuard,
        exemplars: Exemplars,
        *,
        scope_labels: bool,
        target_info: bool,
    ) -> None:
        self._families = families
        self._labels = labels
        self._watch = PageWatch(guard)
        self._exemplars = exemplars
        self._scope_labels = scope_labels
        self._target_info = target_info

    def add(self, data: MetricsData) -> None:
        """Convert every metric of ``data``."""
        for of_resource in data.resource_metrics:
            if self._target_info:
                self._add_target(of_resource.resource)
            for of_scope in of_resource.scope_metrics:
                scope = scope_pairs(of_scope.scope, self._labels) if self._scope_labels else ()
                for metric in of_scope.metrics:
                    self._add_metric(metric, scope)
        is_cut = self._families.left_out["series_limit"] > 0
        self._watch.end(is_cut=is_cut, is_whole=self._families.is_whole)

    def _add_target(self, resource: Resource) -> None:
        # Made again for every scrape: a fork gives the process a new service.instance.id.
        pairs = self._labels.pairs(resource.attributes)
        if not pairs:
            return
        family = self._families.family(_TARGET, Kind.INFO, "", "Target metadata")
        if family is not None and not family.series:
            self._families.add(family, pairs, Number(1, is_sum=False))

    def _add_metric(self, metric: Metric, scope: Pairs) -> None:
        kind = _kind(metric)
        points: Sequence[Any] = metric.data.data_points
        unit = unit_name(metric.unit or "", is_gauge=isinstance(metric.data, Gauge))
        name = metric_name(metric.name, unit, is_counter=kind is Kind.COUNTER)
        of = _Metric(name, kind, scope, is_sum=isinstance(metric.data, Sum))
        if not self._families.has_part(name):
            for point in points:
                if point.exemplars:  # the SDK has forgotten them, and another page may tell them
                    self._converted(of, point)
            return
        family = self._families.family(name, kind, unit, metric.description or "")
        if family is None:
            self._families.left_out["name_taken"] += len(points)
            return
        before = self._samples()
        for point in points:
            found = self._converted(of, point)
            if found is not None:
                self._families.add(family, *found)
        self._watch.look(metric.name, points, self._samples() - before)

    def _samples(self) -> int:
        return self._families.size + self._families.left_out["series_limit"]

    def _converted(self, of: _Metric, point: Any) -> tuple[Pairs, Point] | None:
        """Labels and value of a point; None, counted, where there is something odd about it."""
        try:
            pairs = self._labels.pairs(point.attributes or {}, of.scope)
            if of.kind is Kind.HISTOGRAM:
                pairs = _without_le(pairs)
            return pairs, self._point((of.name, pairs), point, is_sum=of.is_sum)
        except Exception as error:  # noqa: BLE001 - one odd point must not cost the scrape
            self._families.fault("point_failed", of.name, error)
            return None

    def _point(self, series: tuple[str, Pairs], point: Any, *, is_sum: bool) -> Point:
        if isinstance(point, NumberDataPoint):
            exemplar = self._exemplars.of_number(series, point.exemplars)
            return Number(_plain(point.value), is_sum, exemplar)
        sparse = None
        if isinstance(point, ExponentialHistogramDataPoint):
            bounds, counts = classic_buckets(point)
            sparse = native(point)
        else:
            bounds, counts = _explicit_buckets(point)
        # OpenMetrics forbids a sum beside negative bounds: it could fall, and read as a restart.
        total = None if bounds and bounds[0] < 0 else _plain(point.sum)
        found = self._exemplars.per_bucket(series, point.exemplars, bounds)
        return Buckets(bounds, counts, total, found, sparse)


def _kind(metric: Metric) -> Kind:
    """The family type; the reader asks for cumulative sums only, so none is a delta."""
    if isinstance(metric.data, Gauge):
        return Kind.GAUGE
    if isinstance(metric.data, Sum):
        return Kind.COUNTER if metric.data.is_monotonic else Kind.GAUGE
    return Kind.HISTOGRAM


def _plain(value: float) -> float:
    """A number of Python's own: numpy's are numbers too, but do not spell themselves as such."""
    return value if type(value) in (int, float) else float(value)


def _explicit_buckets(point: HistogramDataPoint) -> tuple[tuple[float, ...], tuple[int, ...]]:
    # The SDK says bucket_counts=() for a histogram that has no bounds.
    counts = tuple(accumulate(point.bucket_counts)) or (point.count,)
    return tuple(point.explicit_bounds), counts


def _without_le(pairs: Pairs) -> Pairs:
    """An attribute ``le`` gives way to the bucket bound, named as Prometheus names such labels."""
    if not any(name == "le" for name, _ in pairs):
        return pairs
    return tuple(sorted(("exported_le" if n == "le" else n, v) for n, v in pairs))

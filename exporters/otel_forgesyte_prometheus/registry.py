"""prometheus_client beside us: its collectors on our page, our families in its model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import generate_latest as text_page
from prometheus_client.openmetrics import exposition as openmetrics_exposition

from otel_forgesyte_prometheus.exposition import OPENMETRICS_END, number_text
from otel_forgesyte_prometheus.families import SAMPLE_SUFFIX, Buckets
from otel_forgesyte_prometheus.formats import Format
from otel_forgesyte_prometheus.protobuf import protobuf_guest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from prometheus_client.registry import Collector

    from otel_forgesyte_prometheus.families import Family, FamilySet
    from otel_forgesyte_prometheus.notices import Notices

    Page = Callable[[Collector], bytes]


class Registry(CollectorRegistry):
    """A registry of our own: nothing of Python's or the process's is in it unless registered.

    Register any prometheus_client collector, or a whole registry, to have it on the same page.
    """

    def __init__(self, own: Collector, notices: Notices) -> None:
        super().__init__()
        self._own: Final = own
        self._notices = notices
        self._guests: list[Collector] = []
        super().register(own)

    def register(self, collector: Collector) -> None:
        """Add a collector to the page."""
        super().register(collector)
        self._guests.append(collector)

    def unregister(self, collector: Collector) -> None:
        """Take a collector off the page."""
        super().unregister(collector)
        self._guests.remove(collector)

    def collect(self) -> Iterator[Metric]:
        """Every family, ours first, for prometheus_client's own functions."""
        yield from self._own.collect()
        for guest in tuple(self._guests):
            yield from self._collected(guest, None)

    def guest_pages(self, families: FamilySet, form: Format) -> list[bytes]:
        """The guests' families that the page has names and room for, in its format.

        One that fails, or whose name is taken, is left out, counted in ``families`` and logged.
        """
        write = _WRITERS[form]
        return [_written(metric, write, families) for metric in self._welcome(families)]

    def _welcome(self, families: FamilySet) -> Iterator[Metric]:
        for guest in tuple(self._guests):
            for metric in self._collected(guest, families):
                if families.has_part(metric.name) and families.reserve(
                    metric.name, metric.type, len(metric.samples)
                ):
                    yield metric

    def _collected(self, guest: Collector, families: FamilySet | None) -> list[Metric]:
        try:
            return list(guest.collect())
        except Exception as error:  # noqa: BLE001 - a guest's fault must not cost the scrape
            name = type(guest).__name__
            if families is None:
                self._notices.once(name, "Prometheus: the collector %s failed: %r", name, error)
            else:
                families.fault("collector_failed", name, error)
            return []


class _One:
    """A collector of one family, for functions that take only collectors."""

    def __init__(self, metric: Metric) -> None:
        self._metric = metric

    def collect(self) -> Iterable[Metric]:
        return [self._metric]


def _text(metric: Metric) -> bytes:
    return text_page(_One(metric))


def _openmetrics(metric: Metric) -> bytes:
    page = cast("Page", openmetrics_exposition.generate_latest)  # pyright: ignore[reportUnknownMemberType] - it has no annotations
    return page(_One(metric)).removesuffix(OPENMETRICS_END)


_WRITERS: Final[dict[Format, Callable[[Metric], bytes]]] = {
    Format.TEXT: _text,
    Format.OPENMETRICS: _openmetrics,
    Format.PROTOBUF: protobuf_guest,
}


def _written(metric: Metric, write: Callable[[Metric], bytes], families: FamilySet) -> bytes:
    try:
        return write(metric)
    except Exception as error:  # noqa: BLE001 - a guest's fault must not cost the scrape
        families.fault("collector_failed", metric.name, error)
        return b""


def as_client_metric(family: Family) -> Metric:
    """``family`` in prometheus_client's model."""
    metric = Metric(family.name, family.description, family.kind.value, family.unit)
    name = family.name + SAMPLE_SUFFIX[family.kind]
    for pairs, point in family.series.values():
        if isinstance(point, Buckets):
            _add_histogram(metric, dict(pairs), point)
        else:
            metric.add_sample(name, dict(pairs), point.value)
    return metric


def _add_histogram(metric: Metric, labels: dict[str, str], point: Buckets) -> None:
    for bound, count in zip((*point.bounds, float("inf")), point.counts, strict=True):
        edge = number_text(float(bound))
        metric.add_sample(metric.name + "_bucket", {**labels, "le": edge}, count)
    if point.total is not None:
        metric.add_sample(metric.name + "_count", labels, point.counts[-1])
        metric.add_sample(metric.name + "_sum", labels, point.total)

"""The metric reader behind ``/metrics``."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.sdk.metrics.export import MetricReader

from otel_forgesyte_prometheus.cardinality import CardinalityGuard
from otel_forgesyte_prometheus.convert import Converter
from otel_forgesyte_prometheus.exemplars import Exemplars
from otel_forgesyte_prometheus.exposition import (
    OPENMETRICS_END,
    openmetrics_page,
    text_page,
)
from otel_forgesyte_prometheus.families import FamilySet
from otel_forgesyte_prometheus.forking import renew_in_children
from otel_forgesyte_prometheus.formats import Format
from otel_forgesyte_prometheus.labels import LabelMaker
from otel_forgesyte_prometheus.notices import Notices
from otel_forgesyte_prometheus.protobuf import protobuf_page
from otel_forgesyte_prometheus.registry import Registry, as_client_metric

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from opentelemetry.sdk.metrics.export import CardinalityLimits, MetricsData
    from opentelemetry.sdk.metrics.view import Aggregation
    from prometheus_client.core import Metric

    from otel_forgesyte_prometheus.cardinality import Explosion
    from otel_forgesyte_prometheus.door import Door
    from otel_forgesyte_prometheus.exemplars import MoreLabels
    from otel_forgesyte_prometheus.sharing import Sharer

MAX_SERIES: Final = 20_000
MAX_LABEL_LENGTH: Final = 256
# Prometheus gives up on a scrape after 10 s unless told otherwise: waiting longer serves nobody.
SCRAPE_TIMEOUT_S: Final = 10.0
_PAGES: Final[dict[Format, Callable[[FamilySet], bytes]]] = {
    Format.TEXT: text_page,
    Format.OPENMETRICS: openmetrics_page,
    Format.PROTOBUF: protobuf_page,
}


class ScrapeBusyError(Exception):
    """Another scrape has not come back within the time that this one has."""


@dataclass(frozen=True, slots=True)
class Scrape:
    """What the last scrape said, and how much it left out, by reason.

    Reasons: ``name_taken``, ``bounds_differ``, ``value_replaced`` (two gauges in one series),
    ``series_limit``, ``label_cut`` (told, but cut), ``point_failed``, ``collector_failed``,
    ``collect_failed``.
    """

    families: int = 0
    samples: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict[str, int])


class PrometheusReader(MetricReader):
    """Metrics for Prometheus, collected when it asks: nothing is queued, no thread is started.

    Args:
        scope_labels: whether series carry ``otel_scope_*`` labels.
        target_info: whether the resource is told as ``target_info``.
        max_series: samples (text lines) that one scrape may have.
        max_label_length: characters that a label name or value may have.
        door: who may scrape, wherever this is served; else what the environment says there.
        exemplar_labels: further labels of an exemplar, for its trace id and span id.
        preferred_aggregation, cardinality_limits: as for any `MetricReader`.

    Temporality is cumulative always. `registry` takes further prometheus_client collectors.
    """

    def __init__(  # noqa: PLR0913 - options by keyword, each with a default
        self,
        *,
        scope_labels: bool = True,
        target_info: bool = True,
        max_series: int = MAX_SERIES,
        max_label_length: int = MAX_LABEL_LENGTH,
        door: Door | None = None,
        exemplar_labels: MoreLabels | None = None,
        preferred_aggregation: dict[type, Aggregation] | None = None,
        cardinality_limits: CardinalityLimits | None = None,
    ) -> None:
        super().__init__(
            preferred_aggregation=preferred_aggregation, cardinality_limits=cardinality_limits
        )
        self.door = door
        self.sharing: Sharer | None = None
        self.last_scrape = Scrape()
        self._scope_labels = scope_labels
        self._target_info = target_info
        self.max_series: Final = max_series
        self._max_label_length = max_label_length
        self._exemplars = Exemplars(exemplar_labels, max_series)
        self.notices: Final = Notices()
        self._guard = CardinalityGuard(self.notices, max_series)
        self.registry: Final = Registry(_Own(self), self.notices)
        self._lock = Lock()
        self._received: MetricsData | None = None
        self._closers: list[Callable[[], None]] = []
        self._is_shut_down = False
        renew_in_children(self)

    @property
    def explosions(self) -> tuple[Explosion, ...]:
        """Metrics with too many series when they were last scraped, and the attribute at fault."""
        return () if self._is_shut_down else self._guard.explosions

    def page(
        self, form: Format = Format.TEXT, *, part: str = "", timeout_s: float | None = None
    ) -> bytes:
        """Everything there is to scrape now, or the metrics with the word ``part`` in their names.

        Raises:
            ScrapeBusyError: when a scrape before this one has not ended after ``timeout_s``
                (`SCRAPE_TIMEOUT_S`), because it hangs in a callback for instance.
        """
        if self.sharing is None:
            families = self.families(part, timeout_s)
        else:
            families = FamilySet(self.max_series, self.notices, part)
            self.sharing.fill(families, SCRAPE_TIMEOUT_S if timeout_s is None else timeout_s)
        parts = [_PAGES[form](families), *self.registry.guest_pages(families, form)]
        if form is Format.OPENMETRICS:
            parts.append(OPENMETRICS_END)
        self.last_scrape = Scrape(len(list(families)), families.size, dict(families.left_out))
        return b"".join(parts)

    def families(self, part: str = "", timeout_s: float | None = None) -> FamilySet:
        """The reader's own families, collected now; the arguments are those of `page`."""
        families = FamilySet(self.max_series, self.notices, part)
        data = self._collected(families, SCRAPE_TIMEOUT_S if timeout_s is None else timeout_s)
        labels = LabelMaker(self._max_label_length)
        if data is not None:
            Converter(
                families,
                labels,
                self._guard,
                self._exemplars,
                scope_labels=self._scope_labels,
                target_info=self._target_info,
            ).add(data)
        if labels.cut:
            families.left_out["label_cut"] = labels.cut
        return families

    def at_shutdown(self, close: Callable[[], None]) -> None:
        """Call ``close`` when the reader is shut down; a server uses it to stop with us."""
        self._closers.append(close)

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        """Whether the processes that share a page know what is known here; alone, nothing waits."""
        if self.sharing is None or self._is_shut_down:
            return True
        return self.sharing.publish(timeout_millis / 1_000)

    def shutdown(self, timeout_millis: float = 30_000, **_: Any) -> None:
        """Stop answering with metrics, and stop the servers of this reader."""
        if self.sharing is not None and not self._is_shut_down:
            self.sharing.publish(timeout_millis / 1_000)
            self.sharing.leave()
        self._is_shut_down = True
        while self._closers:
            self._closers.pop()()

    def after_fork_in_child(self) -> None:
        """Renew the lock, which a thread of the parent may have held, and count from zero.

        The SDK brings the parent's sums into the child: on a page of both, or in a sum over
        instances, they would count twice. A storage put in place of the old one is empty, and has
        no locks that a thread of the parent's held.
        """
        self._lock = Lock()
        self._received = None
        self._exemplars.forget()
        # The SDK has no public way. Where it changes this one, sums of before the fork stay.
        consumer: Any = getattr(self._collect, "__self__", None)
        if hasattr(consumer, "add_metric_reader"):
            consumer._lock = Lock()  # noqa: SLF001 - held by whoever collected
            consumer.add_metric_reader(self)

    def _receive_metrics(
        self, metrics_data: MetricsData, timeout_millis: float = 10_000, **_: Any
    ) -> None:
        del timeout_millis
        # Kept only while a scrape waits for it: a collection asked for by others is not queued.
        self._received = metrics_data if self._lock.locked() else None

    def _collected(self, families: FamilySet, timeout_s: float) -> MetricsData | None:
        if not self._lock.acquire(timeout=timeout_s):
            raise ScrapeBusyError
        try:
            if self._is_shut_down:
                return None
            try:
                self.collect()
            except Exception as error:  # noqa: BLE001 - whatever it is, the rest can be told
                families.fault("collect_failed", "all instruments", error)
            return self._received
        finally:
            self._received = None
            self._lock.release()


class _Own:
    """The reader as a prometheus_client collector."""

    def __init__(self, reader: PrometheusReader) -> None:
        self._reader = reader

    def collect(self) -> Iterator[Metric]:
        return (as_client_metric(family) for family in self._reader.families())

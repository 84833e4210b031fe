"""Exemplars: from a bucket of a histogram to a trace, and to whatever else the host knows of it."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final

from otel_forgesyte_prometheus.families import Trace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opentelemetry.sdk.metrics import Exemplar

    from otel_forgesyte_prometheus.labels import Pairs

    MoreLabels = Callable[[int, int], Pairs]

# OpenMetrics: names and values of an exemplar's labels have no more characters together.
_MOST_CHARACTERS: Final = 128


class Exemplars:
    """Each bucket's latest exemplar, made of the SDK's. Safe from any thread.

    The SDK forgets an exemplar once it is collected, so two Prometheus servers, or one that scrapes
    two parts of the page, would each get what the other has not taken. As in Prometheus' own client
    libraries, an exemplar stays until the next one of its bucket; it counts once however often it
    is scraped.

    Args:
        more: gives further labels for a trace id and a span id.
        most: series whose exemplars are kept.
    """

    __slots__ = ("_kept", "_more", "_most")

    def __init__(self, more: MoreLabels | None, most: int) -> None:
        self._more = more
        self._most = most
        self._kept: dict[tuple[str, Pairs], tuple[Trace, ...]] = {}

    def of_number(self, series: tuple[str, Pairs], exemplars: Sequence[Exemplar]) -> Trace | None:
        """The newest one that belongs to a trace."""
        traced = [exemplar for exemplar in exemplars if exemplar.trace_id]
        if traced:
            newest = max(traced, key=lambda exemplar: exemplar.time_unix_nano)
            self._keep(series, (self._made(newest),))
        kept = self._kept.get(series)
        return kept[0] if kept else None

    def per_bucket(
        self,
        series: tuple[str, Pairs],
        exemplars: Sequence[Exemplar],
        bounds: tuple[float, ...],
    ) -> tuple[tuple[int, Trace], ...]:
        """By bucket index, the largest of the latest, as the specification asks."""
        largest: dict[int, Exemplar] = {}
        for exemplar in exemplars:
            if exemplar.trace_id:
                index = bisect_left(bounds, exemplar.value)
                held = largest.get(index)
                if held is None or exemplar.value > held.value:
                    largest[index] = exemplar
        kept = self._kept.get(series, ())
        # By their values, for the bounds of an exponential histogram move.
        found = {bisect_left(bounds, trace.value): trace for trace in kept}
        found |= {index: self._made(exemplar) for index, exemplar in largest.items()}
        if largest:
            self._keep(series, tuple(found.values()))
        return tuple(sorted(found.items(), key=lambda item: item[0]))

    def forget(self) -> None:
        """Keep none, as a forked child does: its parent's are the parent's."""
        self._kept.clear()

    def _keep(self, series: tuple[str, Pairs], traces: tuple[Trace, ...]) -> None:
        if series in self._kept or len(self._kept) < self._most:
            self._kept[series] = traces

    def _made(self, exemplar: Exemplar) -> Trace:
        # Attributes that a view took off the series stay off: here they would be readable again.
        trace_id, span_id = exemplar.trace_id or 0, exemplar.span_id or 0
        labels: Pairs = (("trace_id", f"{trace_id:032x}"), ("span_id", f"{span_id:016x}"))
        more = self._more(trace_id, span_id) if self._more is not None else ()
        if more and sum(len(name) + len(value) for name, value in (*labels, *more)) <= (
            _MOST_CHARACTERS
        ):
            labels = (*labels, *more)
        return Trace(labels, exemplar.value, exemplar.time_unix_nano / 1e9)

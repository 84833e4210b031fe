"""Exemplars: from a bucket of a histogram to a trace, and to whatever else the host knows of it."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final

from otel_forgesyte_prometheus.families import Trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from opentelemetry.sdk.metrics import Exemplar

    from otel_forgesyte_prometheus.labels import Pairs

    MoreLabels = Callable[[int, int], Pairs]

# OpenMetrics: names and values of an exemplar's labels have no more characters together.
_MOST_CHARACTERS: Final = 128


class ExemplarMaker:
    """Makes exemplars of the SDK's. ``more`` gives further labels for a trace id and a span id."""

    __slots__ = ("_more",)

    def __init__(self, more: MoreLabels | None) -> None:
        self._more = more

    def latest(self, exemplars: Iterable[Exemplar]) -> Trace | None:
        """The newest one that belongs to a trace."""
        traced = [exemplar for exemplar in exemplars if exemplar.trace_id]
        newest = max(traced, key=lambda exemplar: exemplar.time_unix_nano, default=None)
        return None if newest is None else self._made(newest)

    def per_bucket(
        self, exemplars: Iterable[Exemplar], bounds: tuple[float, ...]
    ) -> tuple[tuple[int, Trace], ...]:
        """The largest of each bucket, as the specification asks, by bucket index."""
        largest: dict[int, Exemplar] = {}
        for exemplar in exemplars:
            if exemplar.trace_id:
                index = bisect_left(bounds, exemplar.value)
                held = largest.get(index)
                if held is None or exemplar.value > held.value:
                    largest[index] = exemplar
        return tuple((index, self._made(largest[index])) for index in sorted(largest))

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

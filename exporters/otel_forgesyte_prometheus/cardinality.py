"""Which attribute has made too many series: found when a metric goes beyond its limit.

The limits are the SDK's, which keeps 2,000 attribute sets of an instrument apart and adds up the
rest in one series (https://opentelemetry.io/docs/specs/otel/metrics/sdk/#cardinality-limits), and
the page's ``max_series``. Either keeps the process and Prometheus well; neither says what to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from otel_forgesyte_prometheus.notices import Notices

_OVERFLOW: Final = "otel.metric.overflow"


@dataclass(frozen=True, slots=True)
class Explosion:
    """The attribute of a metric with most values, where the metric has too many series."""

    metric: str
    attribute: str
    values: int


class CardinalityGuard:
    """Remembers what exploded, and says it once for each metric. Safe from any thread."""

    def __init__(self, notices: Notices, max_series: int) -> None:
        self._notices = notices
        self._max_series = max_series
        self._found: dict[str, Explosion] = {}

    @property
    def explosions(self) -> tuple[Explosion, ...]:
        """What the last look at each metric found."""
        return tuple(self._found.values())

    def look(self, metric: str, points: Sequence[Any], *, is_cut: bool) -> None:
        """Note a metric that is cut short on the page, or that the SDK has cut already."""
        has_overflown = any(_OVERFLOW in (point.attributes or ()) for point in points)
        if not (is_cut or has_overflown):
            self._found.pop(metric, None)
            return
        widest = _widest(metric, points)
        if widest is None:
            self._say_cut(metric, "Raise max_series, or emit fewer metrics.")
            return
        self._found[metric] = widest
        advice = (
            f"Its attribute {widest.attribute!r} has {widest.values} values: put it on the span"
            " instead, or take it off the metric with a View."
        )
        if is_cut:
            self._say_cut(metric, advice)
        else:
            self._notices.once(
                ("overflow", metric),
                "Prometheus: %r has more attribute sets than the SDK keeps apart: the rest is one"
                " series. %s",
                metric, advice,
            )  # fmt: skip

    def _say_cut(self, metric: str, advice: str) -> None:
        self._notices.once(
            ("series", metric),
            "Prometheus: more than %d samples in one scrape: %r is cut short. %s",
            self._max_series, metric, advice,
        )  # fmt: skip


def _widest(metric: str, points: Sequence[Any]) -> Explosion | None:
    values: dict[str, set[str]] = {}
    for point in points:
        attributes: Mapping[str, object] = point.attributes or {}
        for key, value in attributes.items():
            if key != _OVERFLOW:
                # As text: a list or a mapping is a value too, and has no hash.
                text = value if isinstance(value, str) else repr(value)
                values.setdefault(key, set()).add(text)
    if not values:
        return None
    attribute = max(values, key=lambda key: len(values[key]))
    return Explosion(metric, attribute, len(values[attribute]))

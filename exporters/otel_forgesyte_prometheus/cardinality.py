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
# A metric is to blame for a page that is too long if a twentieth of a page is its own.
_LARGE_SHARE: Final = 20


@dataclass(frozen=True, slots=True)
class Explosion:
    """The attribute of a metric with most values, where the metric has too many series."""

    metric: str
    attribute: str
    values: int


class CardinalityGuard:
    """Remembers what exploded, and says it once for each metric. Safe from any thread."""

    def __init__(self, notices: Notices, max_series: int) -> None:
        self.notices: Final = notices
        self.max_series: Final = max_series
        self._found: dict[str, Explosion] = {}

    @property
    def explosions(self) -> tuple[Explosion, ...]:
        """What was found when each metric was last scraped."""
        return tuple(self._found.values())

    def remember(self, found: dict[str, Explosion], *, is_whole: bool) -> None:
        """Take what one page found; a page of a part says nothing about the metrics beside it."""
        self._found = found if is_whole else self._found | found


class PageWatch:
    """Looks at the metrics of one page, one after another."""

    def __init__(self, guard: CardinalityGuard) -> None:
        self._guard = guard
        self._found: dict[str, Explosion] = {}
        self._largest: tuple[int, str, Sequence[Any]] = (0, "", ())

    def look(self, metric: str, points: Sequence[Any], samples: int) -> None:
        """Note a metric that the SDK has cut, and the one with most ``samples``."""
        if samples > self._largest[0]:
            self._largest = (samples, metric, points)
        if any(_OVERFLOW in (point.attributes or ()) for point in points):
            widest = _widest(metric, points)
            if widest is not None:
                self._found[metric] = widest
                self._say(
                    widest,
                    "Prometheus: %r has more attribute sets than the SDK keeps apart: the rest is"
                    " one series. %s",
                    metric,
                )

    def end(self, *, is_cut: bool, is_whole: bool) -> None:
        """Blame the largest metric where the page was cut: those cut may be small and come last."""
        if is_cut:
            samples, metric, points = self._largest
            widest = _widest(metric, points)
            cut = "Prometheus: more than %d samples in one scrape: the page is cut short."
            most = self._guard.max_series
            if widest is not None and samples * _LARGE_SHARE > most:
                self._found[metric] = widest
                self._say(widest, cut + " Most are of %r. %s", most, metric)
            else:
                advice = cut + " Raise max_series, or emit fewer metrics."
                self._guard.notices.once(("series", ""), advice, most)
        self._guard.remember(self._found, is_whole=is_whole)

    def _say(self, widest: Explosion, message: str, *values: object) -> None:
        advice = (
            f"Its attribute {widest.attribute!r} has {widest.values} values: put it on the span"
            " instead, or take it off the metric with a View."
        )
        self._guard.notices.once(("exploded", widest.metric), message, *values, advice)


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

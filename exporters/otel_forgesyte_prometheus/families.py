"""Metric families: what one scrape says, before it is written in any format."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final

from otel_forgesyte_prometheus.labels import label_text
from otel_forgesyte_prometheus.native import together
from otel_forgesyte_prometheus.sums import added

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otel_forgesyte_prometheus.labels import Pairs
    from otel_forgesyte_prometheus.native import Native
    from otel_forgesyte_prometheus.notices import Notices


class Kind(Enum):
    """The type of a family, in OpenMetrics' words."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    INFO = "info"


# A family owns every sample name that OpenMetrics reserves for its type, whether written or not:
# a gauge "work_count" beside a histogram "work" makes the whole scrape unreadable.
_RESERVED: Final = {
    "counter": ("", "_total", "_created"),
    "histogram": ("", "_bucket", "_count", "_sum", "_created"),
    "summary": ("", "_count", "_sum", "_created"),
    "gaugehistogram": ("", "_bucket", "_gcount", "_gsum"),
    "info": ("", "_info"),
}

SAMPLE_SUFFIX: Final = {
    Kind.COUNTER: "_total",
    Kind.GAUGE: "",
    Kind.HISTOGRAM: "",
    Kind.INFO: "_info",
}
"""What the name of a sample has more than its family's; a histogram's parts have their own."""


@dataclass(frozen=True, slots=True)
class Trace:
    """An exemplar: one measurement, and labels that lead to the span that it was made in."""

    labels: Pairs
    value: float
    time_s: float


@dataclass(frozen=True, slots=True)
class Number:
    """One value. ``is_sum`` says that two of them add up; a gauge's do not."""

    value: float
    is_sum: bool
    exemplar: Trace | None = None

    @property
    def size(self) -> int:
        """How many samples it is written as."""
        return 1

    def merged(self, other: Point) -> Point | None:
        """This and ``other`` as one point, or None where that has no meaning."""
        if not isinstance(other, Number):
            return None
        if self.is_sum and other.is_sum:
            exemplars = [each for each in (self.exemplar, other.exemplar) if each is not None]
            newest = max(exemplars, key=lambda exemplar: exemplar.time_s, default=None)
            return Number(added(self.value, other.value), is_sum=True, exemplar=newest)
        return other


@dataclass(frozen=True, slots=True)
class Buckets:
    """A histogram: ``counts[i]`` measurements are at most ``bounds[i]``; the last is all of them.

    ``total`` is None where a sum would not only grow (negative bounds). ``native`` is the same in
    more detail, for the format that has it; two series that meet keep what both can say.
    """

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    total: float | None
    exemplars: tuple[tuple[int, Trace], ...] = ()
    native: Native | None = None

    @property
    def size(self) -> int:
        """How many samples it is written as."""
        return len(self.counts) + (0 if self.total is None else 2)

    def merged(self, other: Point) -> Point | None:
        """This and ``other`` as one point, or None where their bounds differ.

        Those of exponential histograms move, so what these have in common is found first.
        """
        if not isinstance(other, Buckets):
            return None
        native, bounds = None, self.bounds
        if self.native is not None and other.native is not None:
            native = together(self.native, other.native)
            bounds, counts = native.classic()
        elif self.bounds != other.bounds:
            return None
        else:
            counts = tuple(a + b for a, b in zip(self.counts, other.counts, strict=True))
        total = None
        if self.total is not None and other.total is not None:
            total = added(self.total, other.total)
        found: dict[int, Trace] = {}
        for _, trace in sorted((*self.exemplars, *other.exemplars), key=lambda it: it[1].time_s):
            found[bisect_left(bounds, trace.value)] = trace
        exemplars = tuple(sorted(found.items(), key=lambda item: item[0]))
        return Buckets(bounds, counts, total, exemplars, native)


Point = Number | Buckets


@dataclass(slots=True)
class Family:
    """One name, one type, one help text, and its series by label text."""

    name: str
    kind: Kind
    unit: str = ""
    description: str = ""
    series: dict[str, tuple[Pairs, Point]] = field(default_factory=dict[str, "tuple[Pairs, Point]"])


class FamilySet:
    """The families of one scrape: no name twice, no more than ``max_series`` samples.

    With a ``part``, only those that have it among the words of their names.

    What cannot be told is left out, counted by reason in ``left_out``, and logged once.
    """

    def __init__(self, max_series: int, notices: Notices, part: str = "") -> None:
        self.left_out: Counter[str] = Counter()
        self.size = 0
        self._words = f"_{part}_"
        self.is_whole = not part
        self._max_series = max_series
        self._notices = notices
        self._by_name: dict[str, Family] = {}
        self._owners: dict[str, str] = {}

    def __iter__(self) -> Iterator[Family]:
        return iter(self._by_name.values())

    def has_part(self, name: str) -> bool:
        """Whether the family of that name is asked for."""
        return self.is_whole or self._words in f"_{name.replace(':', '_')}_"

    def family(self, name: str, kind: Kind, unit: str, description: str) -> Family | None:
        """The family of that name, made if need be; None where the name is another type's."""
        found = self._by_name.get(name)
        if found is not None and found.kind is kind:
            self._check_description(found, description)
            return found
        if not self.reserve(name, kind.value):
            return None
        made = self._by_name[name] = Family(name, kind, unit, description)
        return made

    def reserve(self, name: str, kind: str, size: int = 0) -> bool:
        """Take a family's names, and ``size`` samples; False, counted and logged, if one is taken.

        False too beyond ``max_series``: the samples are told all or not at all.
        ``kind`` is a type in OpenMetrics' words, whether or not it is one of ours.
        """
        names = [name + suffix for suffix in _RESERVED.get(kind, ("",))]
        owner = next((self._owners[each] for each in names if each in self._owners), None)
        if owner is None and self.size + size > self._max_series:
            self.left_out["series_limit"] += size
            self.note_limit(name)
            return False
        if owner is None:
            self._owners.update(dict.fromkeys(names, f"{kind} {name}"))
            self.size += size
            return True
        self.left_out["name_taken"] += size
        self._notices.once(
            ("name", name, kind),
            "Prometheus: the %s %s is left out of the scrape: the %s has the name."
            " Rename one of the instruments.",
            kind, name, owner,
        )  # fmt: skip
        return False

    def add(self, family: Family, pairs: Pairs, point: Point, text: str | None = None) -> None:
        """Put one series into a family, merged with what the same labels already hold.

        ``text`` is the label text, where it is known.
        """
        text = label_text(pairs) if text is None else text
        held = family.series.get(text)
        if held is None:
            self._add_new(family, text, pairs, point)
            return
        merged = held[1].merged(point)
        if merged is None:
            self.left_out["bounds_differ"] += 1
            self._notices.once(
                ("bounds", family.name),
                "Prometheus: two histograms meet in %r with different bucket bounds;"
                " the second is left out of the scrape.",
                family.name,
            )
            return
        if merged is point:
            self._note_replaced(family)
        self.size += merged.size - held[1].size
        family.series[text] = (pairs, merged)

    def fault(self, reason: str, what: str, error: Exception) -> None:
        """Count something that failed, and say so once."""
        self.left_out[reason] += 1
        self._notices.once(
            (reason, what), "Prometheus: a scrape is incomplete (%s, %s): %r", reason, what, error
        )

    def note_limit(self, name: str) -> None:
        """Say once that there is no room for a family, or for all of its series."""
        self._notices.once(
            ("series", name),
            "Prometheus: more than %d samples in one scrape: %r is not told whole."
            " Look for a label with many values, or raise max_series.",
            self._max_series, name,
        )  # fmt: skip

    def _add_new(self, family: Family, text: str, pairs: Pairs, point: Point) -> None:
        if self.size + point.size > self._max_series:
            self.left_out["series_limit"] += point.size  # said by who knows more of the metric
            return
        self.size += point.size
        family.series[text] = (pairs, point)

    def _note_replaced(self, family: Family) -> None:
        self.left_out["value_replaced"] += 1
        self._notices.once(
            ("replaced", family.name),
            "Prometheus: two gauges meet in %r with the same labels; the last one is shown."
            " Rename one of the instruments, or leave scope_labels on.",
            family.name,
        )

    def _check_description(self, family: Family, description: str) -> None:
        if description and not family.description:
            family.description = description
        elif description and description != family.description:
            self._notices.once(
                ("help", family.name),
                "Prometheus: %r has more than one description; the first is shown.",
                family.name,
            )

"""Spans as a tree beside their time line, in characters.

job faces                  ████████████████████████  1.23 s
├─ plugin detect             ██████████              510 ms
└─ plugin draw                         ▐             1.2 ms
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from otel_forgesyte.cli.cells import duration
from otel_forgesyte.cli.printable import escaped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otel_forgesyte.reading import SpanNode

__all__ = ["WaterfallLine", "waterfall"]

_NARROWEST_BAR = 10
_WIDEST_LABEL = 48
_DURATION_WIDTH = 12
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - naive UTC, as every stored time


@dataclass(frozen=True, slots=True)
class WaterfallLine:
    """One span's line: its place in the tree and name, its bar, its duration, whether it failed."""

    label: str
    bar: str
    duration: str
    failed: bool


@dataclass(frozen=True, slots=True)
class _Window:
    """The time line: nanoseconds from the first start to the last end, on so many columns."""

    start_ns: int
    length_ns: int
    columns: int

    def bar(self, span: SpanNode, mark: str) -> str:
        """The span's stretch of the time line; at least one column, so that nothing vanishes."""
        first = self._column(_start_ns(span))
        last = self._column(_end_ns(span))
        first = min(first, self.columns - 1)
        length = max(last - first, 1)
        return " " * first + mark * length + " " * (self.columns - first - length)

    def _column(self, time_ns: int) -> int:
        return round((time_ns - self.start_ns) * self.columns / self.length_ns)


def waterfall(roots: Sequence[SpanNode], width: int, *, ascii_only: bool) -> list[WaterfallLine]:
    """The lines for these spans and all below them, each within so many columns."""
    labelled = [pair for root in roots for pair in _labelled(root, ascii_only=ascii_only)]
    if not labelled:
        return []
    label_width = min(max(len(label) for label, _ in labelled), _WIDEST_LABEL)
    bar_width = max(width - label_width - _DURATION_WIDTH - 4, _NARROWEST_BAR)
    window = _window([span for _, span in labelled], bar_width)
    mark = "#" if ascii_only else "█"
    return [
        WaterfallLine(
            label=_padded(label, label_width),
            bar=window.bar(span, mark),
            duration=duration(span.duration_ns / 1e9),
            failed=span.status_code == "ERROR",
        )
        for label, span in labelled
    ]


def _window(spans: Sequence[SpanNode], columns: int) -> _Window:
    start = min(_start_ns(span) for span in spans)
    end = max(_end_ns(span) for span in spans)
    return _Window(start, max(end - start, 1), columns)


def _start_ns(span: SpanNode) -> int:
    return (span.start_time - _EPOCH) // timedelta(microseconds=1) * 1000


def _end_ns(span: SpanNode) -> int:
    """Its end; a duration is negative where the clock was set back during the span."""
    return _start_ns(span) + max(span.duration_ns, 0)


def _labelled(root: SpanNode, *, ascii_only: bool) -> list[tuple[str, SpanNode]]:
    """Each span's name behind the branches that lead to it; a loop, for traces of any depth."""
    tee, corner, pipe = ("|- ", "`- ", "|  ") if ascii_only else ("├─ ", "└─ ", "│  ")
    lines: list[tuple[str, SpanNode]] = []
    waiting = [("", "", root)]
    while waiting:
        branch, below, span = waiting.pop()
        lines.append((branch + escaped(span.name), span))
        last = len(span.children) - 1
        for index, child in reversed(list(enumerate(span.children))):
            ends = index == last
            branch = below + (corner if ends else tee)
            waiting.append((branch, below + ("   " if ends else pipe), child))
    return lines


def _padded(text: str, width: int) -> str:
    return text.ljust(width) if len(text) <= width else text[: width - 1] + "…"

"""Charts as SVG: text stays text, and the same figures give the same bytes."""

from __future__ import annotations

import math
from importlib import import_module
from typing import TYPE_CHECKING, Any

from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, NullFormatter, StrMethodFormatter

from benchmarks.scale.measures import rows, values

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.scale.measures import Measure, Step

_mpl = import_module("matplotlib")  # untyped: its types differ from version to version
_PAPER, _INK, _GRID = "#fbfbf8", "#24292f", "#d5d8dc"
"""On its own paper: a chart without a background cannot be read on a dark page."""

_COLOURS = ("#0b62a4", "#c2410c", "#15803d", "#7e22ce")  # each 4.5 to 1 or more against the paper
_MARKS = ("o", "s", "^", "D")  # for who does not see the colours
_ANONYMOUS = {"Date": None, "Creator": None}
_STYLE: dict[str, Any] = {
    "svg.hashsalt": "otel-forgesyte",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "grid.color": _GRID,
    "legend.frameon": False,
}


def draw(measures: Sequence[Measure], steps: Sequence[Step], folder: Path) -> None:
    """One file for each measure, by its name."""
    folder.mkdir(parents=True, exist_ok=True)
    with _mpl.rc_context(_STYLE):
        for measure in measures:
            _drawn(measure, steps).savefig(
                folder / f"{measure.name}.svg", facecolor=_PAPER, metadata=_ANONYMOUS
            )


def _drawn(measure: Measure, steps: Sequence[Step]) -> Any:
    figure: Any = Figure(figsize=(7, 4), layout="constrained")
    FigureCanvasSVG(figure)
    axes = figure.add_subplot()
    axes.set_facecolor(_PAPER)
    across = [rows(step) for step in steps]
    lines = {label: values(steps, each) for label, each in measure.lines.items()}
    for (label, line), colour, mark in zip(lines.items(), _COLOURS, _MARKS, strict=False):
        axes.plot(across, line, color=colour, marker=mark, label=label, clip_on=False)
    axes.set_xscale("log")
    axes.set_xlim(_decades(across))
    axes.xaxis.set_major_formatter(EngFormatter(sep=" "))
    axes.xaxis.set_minor_formatter(NullFormatter())
    if measure.from_zero:
        axes.set_ylim(bottom=0)
    else:
        axes.set_yscale("log")
        axes.set_ylim(_decades([value for line in lines.values() for value in line]))
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_title(measure.title, loc="left")
    axes.set_xlabel("spans in the file")
    axes.set_ylabel(measure.unit)
    axes.grid(visible=True, which="major")
    if len(measure.lines) > 1:
        axes.legend()
    return figure


def _decades(found: Sequence[float]) -> tuple[float, float]:
    """Whole powers of ten around the values, so that there are labels to read a slope by."""
    return 10 ** math.floor(math.log10(min(found))), 10 ** math.ceil(math.log10(max(found)))

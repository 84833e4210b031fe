"""How much data a run works on, and where it lies; told to each case by its environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

STORED_ROWS = 10_000_000
"""Rows in each table that P7 stores into and P8 asks, at scale 1."""

SPANS = 1_000_000
"""Spans of P6, P9 and P10, at scale 1."""

_SCALE = "BENCHMARKS_SCALE"
_DATA = "BENCHMARKS_DATA"
_LEAST = 2_048  # fewer would measure the opening of files


@dataclass(frozen=True, slots=True)
class Run:
    """What is the same for every case of a run.

    Attributes:
        scale: share of the sizes that the targets are stated for; 1 is all of them.
        data: a folder for what one case makes and others read.
        cache: a folder for the peers' environments; kept from run to run.
    """

    scale: float
    data: Path
    cache: Path

    def environment(self) -> dict[str, str]:
        """The variables by which a case learns of it."""
        return {_SCALE: str(self.scale), _DATA: str(self.data)}

    def sizes(self) -> str:
        """In words, for every place that shows figures."""
        less = "" if self.scale >= 1 else "; targets of P6 to P10 are stated for scale 1"
        return (
            f"scale {self.scale:g}: {_scaled(STORED_ROWS, self.scale):,} rows a table (P7, P8), "
            f"{_scaled(SPANS, self.scale):,} spans (P6, P9, P10){less}"
        )


def stored_rows() -> int:
    """Rows in each table, in this case's run."""
    return _scaled(STORED_ROWS, float(os.environ[_SCALE]))


def spans() -> int:
    """Spans, in this case's run."""
    return _scaled(SPANS, float(os.environ[_SCALE]))


def take_at_most(scale: float) -> None:
    """For a case, and for those it starts, whose figures more data would only delay."""
    os.environ[_SCALE] = str(min(scale, float(os.environ[_SCALE])))


def data() -> Path:
    """The run's folder for what one case makes and others read."""
    return Path(os.environ[_DATA])


def _scaled(size: int, scale: float) -> int:
    return max(_LEAST, round(size * scale))

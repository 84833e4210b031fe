"""Sums that are the same in whatever order, and in whatever groups, their parts are added.

The last digit of a sum of floats depends on the order. When an ended process goes from its own file
to the sums of all that have ended, a histogram that nobody uses would tell a little less than
before, and Prometheus takes a sum that falls for a restart and adds all of it again.
"""

from __future__ import annotations

from math import fsum, isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Self


class Sum(float):
    """The float nearest to the exact sum of ``parts``."""

    __slots__ = ("parts",)

    parts: tuple[float, ...]

    def __new__(cls, parts: Sequence[float]) -> Self:
        """Add up ``parts``, which are finite."""
        made = super().__new__(cls, fsum(parts))
        made.parts = tuple(parts)
        return made

    def shortest(self) -> list[float]:
        """As few parts as have the same exact sum."""
        found: list[float] = []
        while rest := fsum((*self.parts, *(-part for part in found))):
            found.append(rest)
        return found


def added(one: float, other: float) -> float:
    """``one + other``, exactly where that needs more than a float."""
    plain = one + other
    if isinstance(plain, int) or not isfinite(plain):
        return plain
    try:
        return Sum((*_parts(one), *_parts(other)))
    except OverflowError:  # somewhere in between, of floats that nobody counts
        return plain


def _parts(value: float) -> tuple[float, ...]:
    return value.parts if isinstance(value, Sum) else (value,)

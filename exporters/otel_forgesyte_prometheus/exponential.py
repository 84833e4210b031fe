"""Exponential histograms as classic buckets, which every text format can carry."""

from __future__ import annotations

import math
from itertools import accumulate
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# The SDK keeps up to 160 buckets a side, and every one would be a time series of its own.
# Halving the resolution keeps every second bound, so a series that stays means the same.
MAX_BUCKETS_A_SIDE: Final = 40


class Side(Protocol):
    """The buckets of one sign: the index of the first, and their counts."""

    @property
    def offset(self) -> int: ...  # noqa: D102 - said above
    @property
    def bucket_counts(self) -> Sequence[int]: ...  # noqa: D102 - said above


class Exponential(Protocol):
    """What an exponential histogram says, OpenTelemetry's data point for instance."""

    @property
    def scale(self) -> int: ...  # noqa: D102 - OpenTelemetry's words, here and below
    @property
    def zero_count(self) -> int: ...  # noqa: D102
    @property
    def count(self) -> int: ...  # noqa: D102
    @property
    def positive(self) -> Side: ...  # noqa: D102
    @property
    def negative(self) -> Side: ...  # noqa: D102


def classic_buckets(
    point: Exponential,
) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Bounds, and for each (and for +Inf, last) how many measurements are at most that.

    Positive counts are exact, because such a bucket includes its upper bound. A negative
    measurement that is exactly a bound is counted one bucket nearer to zero.
    """
    counts: dict[float, int] = {}
    for bound, count in _buckets(point):
        # Bounds below the smallest float are all zero, those above the largest are +Inf's.
        # Adding 0.0 makes the negative zero a plain one.
        if math.isfinite(bound):
            counts[bound + 0.0] = counts.get(bound + 0.0, 0) + count
    return tuple(counts), (*accumulate(counts.values()), point.count)


def _buckets(point: Exponential) -> Iterator[tuple[float, int]]:
    below = _side(point.scale, point.negative.offset, point.negative.bucket_counts)
    above = _side(point.scale, point.positive.offset, point.positive.bucket_counts)
    yield from ((-lower, count) for lower, _, count in reversed(below))
    yield 0.0, point.zero_count
    if above:
        yield above[0][0], 0  # the lower edge of the first bucket, for quantiles
    yield from ((upper, count) for _, upper, count in above)


def _side(scale: int, offset: int, counts: Sequence[int]) -> list[tuple[float, float, int]]:
    """Lower edge, upper edge and count of each bucket of one sign, by distance from zero."""
    if not any(counts):
        return []
    last = offset + len(counts) - 1
    shift = 0
    while (last >> shift) - (offset >> shift) >= MAX_BUCKETS_A_SIDE:
        shift += 1
    merged = dict.fromkeys(range(offset >> shift, (last >> shift) + 1), 0)
    for index, count in enumerate(counts, offset):
        merged[index >> shift] += count
    scale -= shift
    return [(_bound(scale, i), _bound(scale, i + 1), count) for i, count in merged.items()]


def _bound(scale: int, index: int) -> float:
    # index / 2**scale is exact, so a bound is the same float at every scale that has it.
    try:
        return float(2.0 ** (index * 2.0**-scale))
    except OverflowError:
        return math.inf

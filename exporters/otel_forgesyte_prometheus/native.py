"""Exponential histograms as Prometheus' native ones, which only its protobuf format carries.

Both have buckets between powers of ``2 ** (2 ** -scale)``. OpenTelemetry's bucket i begins at power
i, Prometheus' ends there, so its index is one more. Prometheus knows scales from -4 to 8.
https://prometheus.io/docs/specs/native_histograms/
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from otel_forgesyte_prometheus.exponential import classic_buckets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.sdk.metrics.export import ExponentialHistogramDataPoint

_FINEST: Final = 8
_COARSEST: Final = -4
# Of one sign, as in the SDK: two processes that measure far apart would have thousands between.
_MOST_BUCKETS: Final = 160


@dataclass(frozen=True, slots=True)
class Native:
    """One native histogram: for each sign, the index of the first bucket and all counts."""

    scale: int
    zero_count: int
    positive: tuple[int, tuple[int, ...]]
    negative: tuple[int, tuple[int, ...]]

    def classic(self) -> tuple[tuple[float, ...], tuple[int, ...]]:
        """Bounds and cumulative counts, as `classic_buckets` makes them of a point."""
        return classic_buckets(_Point(self))


class _Side:
    def __init__(self, side: tuple[int, tuple[int, ...]]) -> None:
        self.offset = side[0] - 1
        self.bucket_counts = side[1]


class _Point:
    """A native histogram with the names of OpenTelemetry's."""

    def __init__(self, native: Native) -> None:
        self.scale = native.scale
        self.zero_count = native.zero_count
        self.positive, self.negative = _Side(native.positive), _Side(native.negative)
        self.count = native.zero_count + sum(native.positive[1]) + sum(native.negative[1])


def together(one: Native, other: Native) -> Native:
    """Both as one, as fine as the coarser of them and no longer than a histogram may be."""
    scale = min(one.scale, other.scale)
    while True:
        positive = _added(one.positive, one.scale - scale, other.positive, other.scale - scale)
        negative = _added(one.negative, one.scale - scale, other.negative, other.scale - scale)
        if scale <= _COARSEST or max(len(positive[1]), len(negative[1])) <= _MOST_BUCKETS:
            return Native(scale, one.zero_count + other.zero_count, positive, negative)
        scale -= 1


def _added(
    one: tuple[int, tuple[int, ...]],
    shift: int,
    other: tuple[int, tuple[int, ...]],
    other_shift: int,
) -> tuple[int, tuple[int, ...]]:
    counts: dict[int, int] = {}
    for (first, of_side), by in ((one, shift), (other, other_shift)):
        for index, count in enumerate(of_side, first - 1):
            counts[index >> by] = counts.get(index >> by, 0) + count
    if not counts:
        return 0, ()
    low, high = min(counts), max(counts)
    return low + 1, tuple(counts.get(index, 0) for index in range(low, high + 1))


def native(point: ExponentialHistogramDataPoint) -> Native | None:
    """``point`` as a native histogram; None where it is coarser than Prometheus can say."""
    if point.scale < _COARSEST:
        return None
    shift = max(0, point.scale - _FINEST)
    return Native(
        point.scale - shift,
        point.zero_count,
        _buckets(point.positive.offset, point.positive.bucket_counts, shift),
        _buckets(point.negative.offset, point.negative.bucket_counts, shift),
    )


def _buckets(offset: int, counts: Sequence[int], shift: int) -> tuple[int, tuple[int, ...]]:
    if not any(counts):
        return 0, ()
    first, last = offset >> shift, (offset + len(counts) - 1) >> shift
    merged = [0] * (last - first + 1)
    for index, count in enumerate(counts, offset):
        merged[(index >> shift) - first] += count
    return first + 1, tuple(merged)

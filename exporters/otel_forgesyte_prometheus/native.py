"""Exponential histograms as Prometheus' native ones, which only its protobuf format carries.

Both have buckets between powers of ``2 ** (2 ** -scale)``. OpenTelemetry's bucket i begins at power
i, Prometheus' ends there, so its index is one more. Prometheus knows scales from -4 to 8.
https://prometheus.io/docs/specs/native_histograms/
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.sdk.metrics.export import ExponentialHistogramDataPoint

_FINEST: Final = 8
_COARSEST: Final = -4


@dataclass(frozen=True, slots=True)
class Native:
    """One native histogram: for each sign, the index of the first bucket and all counts."""

    scale: int
    zero_count: int
    positive: tuple[int, tuple[int, ...]]
    negative: tuple[int, tuple[int, ...]]


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

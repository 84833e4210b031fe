"""The families of one process as a file, for the page that tells those of all.

JSON: it keeps integers and floats exactly, lone surrogates and infinities included, and a file of
another version is understood as far as to be left alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from otel_forgesyte_prometheus.families import Buckets, Family, Kind, Number, Trace
from otel_forgesyte_prometheus.labels import label_text
from otel_forgesyte_prometheus.native import Native
from otel_forgesyte_prometheus.sums import Sum

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from otel_forgesyte_prometheus.families import Point
    from otel_forgesyte_prometheus.labels import Pairs

_VERSION: Final = 1


class UnreadableError(Exception):
    """The content is not a snapshot of this version."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The families of a process, or of all that have ended; ``ended`` names those."""

    families: tuple[Family, ...] = ()
    ended: tuple[str, ...] = ()


def encoded(families: Iterable[Family], ended: Sequence[str] = ()) -> bytes:
    """The families, and whose they are if not one process's, as the content of a file."""
    made = [
        [
            family.name,
            family.kind.value,
            family.unit,
            family.description,
            [[pairs, _told(point)] for pairs, point in family.series.values()],
        ]
        for family in families
    ]
    content = {"version": _VERSION, "ended": list(ended), "families": made}
    return json.dumps(content, separators=(",", ":"), default=float).encode()


def decoded(content: bytes) -> Snapshot:
    """What `encoded` was given.

    Raises:
        UnreadableError: it is something else, or another version's.
    """
    try:
        found = json.loads(content)
        if found["version"] != _VERSION:
            raise UnreadableError(f"version {found['version']}")
        return Snapshot(tuple(map(_family, found["families"])), tuple(found["ended"]))
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise UnreadableError(str(error)) from error


def _family(found: list[Any]) -> Family:
    name, kind, unit, description, series = found
    family = Family(name, Kind(kind), unit, description)
    for made, point in series:
        pairs = _pairs(made)
        family.series[label_text(pairs)] = (pairs, _point(point))
    return family


def _told(point: Point) -> list[Any]:
    if isinstance(point, Number):
        return [_told_sum(point.value), point.is_sum, _told_trace(point.exemplar)]
    exemplars = [[index, _told_trace(trace)] for index, trace in point.exemplars]
    native = point.native
    sparse = native and [native.scale, native.zero_count, native.positive, native.negative]
    return [point.bounds, point.counts, _told_sum(point.total), exemplars, sparse]


def _point(found: list[Any]) -> Point:
    if not isinstance(found[0], list):
        value, is_sum, exemplar = found
        return Number(_sum(value), is_sum, _trace(exemplar))
    bounds, counts, total, exemplars, sparse = found
    traces = ((index, _trace(trace)) for index, trace in exemplars)
    kept = tuple((index, trace) for index, trace in traces if trace is not None)
    total = None if total is None else _sum(total)
    return Buckets(tuple(bounds), tuple(counts), total, kept, _native(sparse))


def _native(found: list[Any] | None) -> Native | None:
    if found is None:
        return None
    scale, zero_count, positive, negative = found
    sides = [(first, tuple(counts)) for first, counts in (positive, negative)]
    return Native(scale, zero_count, *sides)


def _told_sum(value: float | None) -> float | dict[str, list[float]] | None:
    return {"parts": value.shortest()} if isinstance(value, Sum) else value


def _sum(found: float | dict[str, list[float]]) -> float:
    return Sum(found["parts"]) if isinstance(found, dict) else found


def _told_trace(trace: Trace | None) -> list[Any] | None:
    return None if trace is None else [trace.labels, trace.value, trace.time_s]


def _trace(found: list[Any] | None) -> Trace | None:
    return None if found is None else Trace(_pairs(found[0]), found[1], found[2])


def _pairs(found: list[list[str]]) -> Pairs:
    return tuple((name, value) for name, value in found)

"""Families as bytes: the Prometheus text format 0.0.4 and OpenMetrics 1.0."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from otel_forgesyte_prometheus.families import SAMPLE_SUFFIX, Buckets, Kind
from otel_forgesyte_prometheus.labels import escaped, label_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from otel_forgesyte_prometheus.families import Family, Number, Trace

OPENMETRICS_END: Final = b"# EOF\n"
_GO_DIGITS: Final = 6


def text_page(families: Iterable[Family]) -> bytes:
    """The families in the text format. It knows no exemplars, units or info type."""
    lines: list[str] = []
    for family in families:
        # Here the type is said of the sample's name, in OpenMetrics of the family's.
        name = family.name + SAMPLE_SUFFIX[family.kind]
        kind = "gauge" if family.kind is Kind.INFO else family.kind.value
        if family.description:
            help_text = family.description.replace("\\", r"\\").replace("\n", r"\n")
            lines.append(f"# HELP {name} {help_text}\n")
        lines.append(f"# TYPE {name} {kind}\n")
        _add_samples(lines, family, _no_exemplar)
    return _encoded(lines)


def openmetrics_page(families: Iterable[Family]) -> bytes:
    """The families in OpenMetrics, without the end mark."""
    lines: list[str] = []
    for family in families:
        lines.append(f"# TYPE {family.name} {family.kind.value}\n")
        if family.unit:
            lines.append(f"# UNIT {family.name} {family.unit}\n")
        if family.description:
            lines.append(f"# HELP {family.name} {escaped(family.description)}\n")
        _add_samples(lines, family, _exemplar)
    return _encoded(lines)


def _encoded(lines: list[str]) -> bytes:
    # A lone surrogate in a label cannot be UTF-8: a question mark loses that, not the scrape.
    return "".join(lines).encode("utf-8", "replace")


def _add_samples(lines: list[str], family: Family, exemplar: Callable[[Trace], str]) -> None:
    name = family.name + SAMPLE_SUFFIX[family.kind]
    for labels, (_, point) in family.series.items():
        if isinstance(point, Buckets):
            _add_buckets(lines, name, labels, point, exemplar)
        else:
            mark = _number_mark(family, point, exemplar)
            lines.append(f"{name}{_braced(labels)} {number_text(point.value)}{mark}\n")


def _number_mark(family: Family, point: Number, exemplar: Callable[[Trace], str]) -> str:
    if point.exemplar is None or family.kind is not Kind.COUNTER:
        return ""
    return exemplar(point.exemplar)


def _add_buckets(
    lines: list[str], name: str, labels: str, point: Buckets, exemplar: Callable[[Trace], str]
) -> None:
    head = f'{name}_bucket{{{labels}{"," if labels else ""}le="'
    marks = {index: exemplar(trace) for index, trace in point.exemplars}
    edges = _edges(point.bounds)
    if marks:
        pairs = enumerate(zip(edges, point.counts, strict=True))
        lines += [f'{head}{edge}"}} {count}{marks.get(i, "")}\n' for i, (edge, count) in pairs]
    else:
        lines += [
            f'{head}{edge}"}} {count}\n' for edge, count in zip(edges, point.counts, strict=True)
        ]
    if point.total is not None:
        braced = _braced(labels)
        lines.append(f"{name}_count{braced} {point.counts[-1]}\n")
        lines.append(f"{name}_sum{braced} {number_text(point.total)}\n")


def _braced(labels: str) -> str:
    return f"{{{labels}}}" if labels else ""


@lru_cache(maxsize=512)
def _edges(bounds: tuple[float, ...]) -> tuple[str, ...]:
    # OpenMetrics wants one spelling of a bound: 1.0, never 1.
    return (*(number_text(float(bound)) for bound in bounds), "+Inf")


def number_text(value: float) -> str:
    """``value`` as both formats spell it; bounds are compared by this text, so it never varies."""
    # An int is written as it is: as a float it would lose the digits beyond 2**53.
    if isinstance(value, int):
        return str(value)
    if math.isfinite(value):
        return _go_spelling(repr(value))
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"


def _go_spelling(text: str) -> str:
    # From a million on, Go writes 1e+06 where Python writes 1000000.0.
    whole, point, fraction = text.partition(".")
    if not point or "e" in fraction or len(whole) <= _GO_DIGITS or text[0] == "-":
        return text
    digits = f"{whole[1:]}{fraction}".rstrip("0")
    return f"{whole[0]}{'.' if digits else ''}{digits}e+{len(whole) - 1:02d}"


def _no_exemplar(_: Trace) -> str:
    return ""


def _exemplar(trace: Trace) -> str:
    labels = label_text(trace.labels)
    return f" # {{{labels}}} {number_text(trace.value)} {trace.time_s:.3f}"

"""Rules about types, examples, units and bucket bounds."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from registry.documents import as_list
from registry.finding import Finding
from registry.ucum import is_other_time, is_unit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from registry.finding import Place
    from registry.model import Attribute, Metric, Registry


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_double(value: Any) -> bool:
    return isinstance(value, float)


_TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "int": _is_int,
    "double": _is_double,
    "boolean": lambda value: isinstance(value, bool),
}
_ALL_TYPES = (*_TYPES, *(f"{name}[]" for name in _TYPES), "any", "enum")


def check_types(registry: Registry) -> Iterator[Finding]:
    """Every attribute has one of OpenTelemetry's types, and an enumeration distinct values."""
    for attribute in registry.attributes:
        if attribute.type not in _ALL_TYPES:
            problem = f"has the unknown type `{attribute.type}`"
            remedy = f"use one of {', '.join(_ALL_TYPES[:-1])}, or list `members:`"
            yield Finding(attribute.place, attribute.key, problem, remedy)
        values = [member.value for member in attribute.members]
        if len(values) != len({str(value) for value in values}):
            problem = "has two members with one value"
            yield Finding(attribute.place, attribute.key, problem, "keep one of them")


def check_examples(registry: Registry) -> Iterator[Finding]:
    """Every attribute shows at least one value, of its own type."""
    for attribute in registry.attributes:
        if not attribute.examples:
            yield Finding(attribute.place, attribute.key, "has no examples", "add `examples: […]`")
        for example in attribute.examples:
            if not _fits(attribute, example):
                problem = f"has the example {example!r}, which is no {attribute.type}"
                yield Finding(attribute.place, attribute.key, problem, "write it as that type")


def check_briefs(registry: Registry) -> Iterator[Finding]:
    """Every brief is a sentence, for it becomes a docstring and a description."""
    briefs = [(one.brief, one.key, one.place) for one in registry.attributes]
    briefs += [(one.brief, one.name, one.place) for one in registry.signals]
    for brief, name, place in briefs:
        if not brief.endswith("."):
            yield Finding(place, name, "has a brief that is no sentence", "end it with a full stop")


def check_units(registry: Registry) -> Iterator[Finding]:
    """Units are UCUM, and times are in seconds."""
    units = [(one.unit, one.name, one.place) for one in registry.metrics]
    units += [(one.unit, one.key, one.place) for one in registry.attributes if one.unit]
    for unit, name, place in units:
        yield from _check_unit(unit, name, place)


def _check_unit(unit: str, name: str, place: Place) -> Iterator[Finding]:
    if not is_unit(unit):
        problem = f"has the unit `{unit}`, which is not UCUM"
        yield Finding(place, name, problem, "use a unit such as s, By, 1, {job} or By/s")
    elif is_other_time(unit):
        problem = f"measures time in `{unit}`"
        yield Finding(place, name, problem, "use s, as OpenTelemetry and Prometheus do")


def check_bounds(registry: Registry) -> Iterator[Finding]:
    """Histograms have rising bounds above zero, other metrics have none.

    The SDK's default bounds are made for milliseconds: a duration in seconds would fall into two.
    """
    for metric in registry.metrics:
        if metric.instrument == "histogram":
            yield from _check_histogram(metric)
        elif metric.bounds is not None:
            problem = f"has bucket bounds and is a {metric.instrument}"
            yield Finding(metric.place, metric.name, problem, "remove `bucket_bounds`")


def _check_histogram(metric: Metric) -> Iterator[Finding]:
    bounds = metric.bounds or ()
    are_numbers = all(_is_int(bound) or _is_double(bound) for bound in bounds)
    rises = are_numbers and all(low < high for low, high in pairwise((0, *bounds)))
    if not (bounds and rises):
        problem = "has no bucket bounds that rise from above zero"
        remedy = "list them in the annotation `bucket_bounds`"
        yield Finding(metric.place, metric.name, problem, remedy)


def check_delivery(registry: Registry) -> Iterator[Finding]:
    """A metric goes to every exporter, or is marked as pushed only."""
    for metric in registry.metrics:
        if metric.delivery not in ("", "push"):
            problem = f"has the delivery `{metric.delivery}`"
            yield Finding(metric.place, metric.name, problem, "write `push`, or leave it out")


def _fits(attribute: Attribute, example: Any) -> bool:
    if attribute.type == "enum":
        return example in [member.value for member in attribute.members]
    if attribute.type.endswith("[]"):
        fits = _TYPES.get(attribute.type.removesuffix("[]"), lambda _: True)
        return isinstance(example, list) and all(map(fits, as_list(example)))
    return _TYPES.get(attribute.type, lambda _: True)(example)

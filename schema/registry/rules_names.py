"""Rules about how names are formed, and that no two of them meet."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from registry.constants import attribute_constant, signal_constant
from registry.finding import Finding
from registry.model import NAMESPACE, is_ours

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from registry.finding import Place
    from registry.model import Registry

_FORM = re.compile(rf"{NAMESPACE}(?:\.[a-z][a-z0-9]*(?:_[a-z0-9]+)*)+")

# Prometheus and OpenMetrics append these words themselves; a name that ends so becomes ambiguous.
_RESERVED_LEAVES = frozenset({"bucket", "count", "created", "info", "sum", "total"})


def check_form(registry: Registry) -> Iterator[Finding]:
    """Names are lower-case snake words joined by dots, below our own namespace."""
    for name, place in _own_names(registry):
        if not _FORM.fullmatch(name):
            yield Finding(
                place,
                name,
                f"is not of the form `{NAMESPACE}.word.other_word`",
                "use lower-case words, `_` inside and `.` between them",
            )


def check_leaves(registry: Registry) -> Iterator[Finding]:
    """No name ends in a word that Prometheus gives a meaning."""
    for name, place in _own_names(registry):
        leaf = name.rpartition(".")[2]
        if leaf in _RESERVED_LEAVES:
            problem = f"ends in `{leaf}`, which Prometheus appends itself"
            yield Finding(place, name, problem, "say what is counted, in the plural")


def check_unique(registry: Registry) -> Iterator[Finding]:
    """Nothing is defined twice."""
    kinds: tuple[list[tuple[str, Place]], ...] = (
        [(one.key, one.place) for one in registry.attributes],
        [(one.id, one.place) for one in registry.groups],
        [(one.name, one.place) for one in registry.spans],
        [(one.name, one.place) for one in registry.metrics],
        [(one.name, one.place) for one in registry.events],
    )
    for named in kinds:
        for name, place in _repeated(named):
            yield Finding(place, name, "is defined more than once", "keep one definition")


def check_constants(registry: Registry) -> Iterator[Finding]:
    """No two names become the same Python constant: `a.b_c` and `a.b.c` would."""
    constants = [(attribute_constant(one.key), one.place) for one in registry.attributes]
    constants += [(signal_constant(one), one.place) for one in registry.signals]
    distinct = {(name, place) for name, place in constants}
    for name, place in _repeated(sorted(distinct)):
        yield Finding(place, name, "is the constant of two names", "rename one of the two")


def check_namespaces(registry: Registry) -> Iterator[Finding]:
    """No attribute's name is the namespace of another, unless its definition says why.

    OpenTelemetry says SHOULD NOT (https://opentelemetry.io/docs/specs/semconv/general/naming/):
    a store that turns dots into nesting cannot hold both. So an exception has to be a written one.
    """
    keys = [one.key for one in registry.attributes]
    for attribute in registry.attributes:
        inside = [key for key in keys if key.startswith(f"{attribute.key}.")]
        if inside and not attribute.namespace_coincidence:
            yield Finding(
                attribute.place,
                attribute.key,
                f"is also the namespace of {', '.join(inside)}",
                "rename one, or give the reason in the annotation `namespace_coincidence`",
            )
        if not inside and attribute.namespace_coincidence:
            yield Finding(
                attribute.place,
                attribute.key,
                "excuses a namespace that nothing stands in",
                "remove the annotation `namespace_coincidence`",
            )


def _own_names(registry: Registry) -> list[tuple[str, Place]]:
    attributes = [(one.key, one.place) for one in registry.attributes]
    signals = [
        (one.name, one.place)
        for one in registry.signals
        if is_ours(one.name) or one.name not in registry.imported_events
    ]
    return attributes + signals


def _repeated(named: Iterable[tuple[str, Place]]) -> Iterator[tuple[str, Place]]:
    listed = list(named)
    counts = Counter(name for name, _ in listed)
    return ((name, place) for name, place in listed if counts[name] > 1)

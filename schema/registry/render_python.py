"""The registry as the Python module `otel_forgesyte/semconv.py`.

The output is what `ruff format` would leave as it is, and it imports the standard library only, so
that every part may import it.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from registry.constants import attribute_constant, enum_class, signal_constant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from registry.model import Attribute, Metric, Registry, Signal

_WIDTH = 100

_HEAD = '''\
"""The names that otel_forgesyte emits, as constants.

Generated from the YAML files in schema/registry by `python schema/registry/generate.py`. Change the
names there: the next run of the generator overwrites this file.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, Literal, NamedTuple

SCOPE_NAME: Final = "otel_forgesyte"
"""Name of the instrumentation scope of everything below."""
'''

_INSTRUMENT = '''\
# No dataclass, because whoever imports a decorator imports this: see `otel_forgesyte.values`.
class Instrument(NamedTuple):
    """One metric: what it takes to create its instrument, and the view over it."""

    name: str
    kind: Literal["counter", "gauge", "histogram", "updowncounter"]
    unit: str
    description: str
    bounds: tuple[float, ...] | None
    """Upper bounds of the histogram's buckets in the metric's unit, else None."""
    attributes: tuple[str, ...]
    """The only attributes that may become labels."""
    exemplar_attributes: tuple[str, ...] = ()
    """Attributes that tell single measurements apart, and travel in exemplars only."""
'''


def render_python(registry: Registry) -> str:
    """The module's source text."""
    blocks = [_HEAD]
    blocks.append(_section("Attributes", map(_attribute, registry.attributes)))
    upstream = (
        _constant(attribute_constant(one.key), one.key, one.brief) for one in registry.upstream
    )
    blocks.append(_section("Attributes that OpenTelemetry defines", upstream))
    blocks.append(_section("Spans, by type", _signals(registry.spans)))
    blocks.append(_section("Log events, by event name", _signals(registry.events)))
    body = "\n\n".join(block.rstrip("\n") for block in blocks)
    classes = [_enum(one) for one in registry.attributes if one.members]
    metrics = "\n\n".join(_metric(registry, one).rstrip("\n") for one in registry.metrics)
    parts = [body, *classes, _INSTRUMENT, f"# Metrics\n\n{metrics}"]
    return "\n\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def _section(title: str, blocks: Iterable[str]) -> str:
    return f"# {title}\n\n" + "\n".join(blocks)


def _signals(signals: Iterable[Signal]) -> list[str]:
    return [_constant(signal_constant(one), one.name, one.brief) for one in signals]


def _attribute(attribute: Attribute) -> str:
    unit = f" Unit: {attribute.unit}." if attribute.unit else ""
    return _constant(attribute_constant(attribute.key), attribute.key, attribute.brief + unit)


def _constant(name: str, value: str, brief: str) -> str:
    return f'{name}: Final = "{value}"\n{_docstring(brief, "")}'


def _docstring(text: str, indent: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"""', "'''")
    line = f'{indent}"""{escaped}"""\n'
    if len(line) <= _WIDTH + 1:  # the line break does not count
        return line
    wrapped = textwrap.fill(
        escaped, _WIDTH, initial_indent=f'{indent}"""', subsequent_indent=indent
    )
    return f'{wrapped}\n{indent}"""\n'


def _enum(attribute: Attribute) -> str:
    lines = [f"class {enum_class(attribute.key)}(Enum):\n"]
    lines.append(_docstring(f"Known values of `{attribute.key}`.", "    "))
    for member in attribute.members:
        lines.append(f"\n    {attribute_constant(member.id)} = {_literal(member.value)}\n")
        lines.append(_docstring(member.brief, "    "))
    return "".join(lines)


def _metric(registry: Registry, metric: Metric) -> str:
    bounds = None if metric.bounds is None else [repr(float(bound)) for bound in metric.bounds]
    fields = [
        _field("name", _literal(metric.name)),
        _field("kind", _literal(metric.instrument)),
        _field("unit", _literal(metric.unit)),
        _field("description", _literal(metric.brief)),
        _field("bounds", "None") if bounds is None else _tuple("bounds", bounds),
        _tuple("attributes", [attribute_constant(one.key) for one in registry.resolve(metric)]),
    ]
    if metric.exemplar_attributes:
        constants = [attribute_constant(key) for key in metric.exemplar_attributes]
        fields.append(_tuple("exemplar_attributes", constants))
    head = f"{signal_constant(metric)}: Final = Instrument(\n"
    return f"{head}{''.join(fields)})\n{_docstring(metric.note, '') if metric.note else ''}"


def _field(name: str, value: str) -> str:
    return f"    {name}={value},\n"


def _tuple(name: str, items: Sequence[str]) -> str:
    comma = "," if len(items) == 1 else ""
    line = _field(name, f"({', '.join(items)}{comma})")
    if len(line) <= _WIDTH + 1:
        return line
    return _field(name, "(\n" + "".join(f"        {item},\n" for item in items) + "    )")


def _literal(value: object) -> str:
    if not isinstance(value, str):
        return repr(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

"""Attributes as label text, escaped and of bounded length."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from otel_forgesyte_prometheus.names import label_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from opentelemetry.sdk.util.instrumentation import InstrumentationScope

Pairs = tuple[tuple[str, str], ...]
"""Label names and values, sorted by name, values not escaped."""

_CUT_MARK: Final = "..."


class LabelMaker:
    """Makes label pairs; what is longer than ``max_length`` characters is cut and counted."""

    __slots__ = ("cut", "max_length")

    def __init__(self, max_length: int) -> None:
        self.max_length = max_length
        self.cut = 0

    def pairs(self, attributes: Mapping[str, Any], also: Pairs = ()) -> Pairs:
        """Sorted labels for ``attributes`` and ``also``.

        Two keys that become one label keep both values, joined with ``;`` in the order of the
        original keys, as the compatibility specification says. A label without a value is no
        label to Prometheus: told, it would make one series two.
        """
        made = [
            (self._name(key), text)
            for key, value in attributes.items()
            if (text := self.value(value))
        ]
        made += also
        if len(made) > 1:
            made.sort()
            if len({name for name, _ in made}) < len(made):
                return self._joined(attributes, also)
        return tuple(made)

    def value(self, value: Any) -> str:
        """``value`` as label text: a string as it is, anything else as JSON."""
        if type(value) is str:
            text = value
        elif isinstance(value, str):
            text = str.__str__(value)  # a string Enum would be written as its member's name
        else:
            text = json.dumps(value, default=_describe)
        if not text.isascii():
            # A lone surrogate cannot be UTF-8. Here, and not on the page, where two series that
            # differ in nothing else would become the same one twice.
            text = text.encode("utf-8", "replace").decode()
        if len(text) > self.max_length:
            self.cut += 1
            kept = max(0, self.max_length - len(_CUT_MARK))
            return (text[:kept] + _CUT_MARK)[: self.max_length]
        return text

    def _name(self, key: str) -> str:
        # Cut before it is made valid, because what is made is remembered.
        if len(key) > self.max_length:
            self.cut += 1
            key = key[: self.max_length]
        return label_name(key)

    def _joined(self, attributes: Mapping[str, Any], also: Pairs) -> Pairs:
        joined: dict[str, str] = {}
        made = ((self._name(key), self.value(attributes[key])) for key in sorted(attributes))
        for name, text in (pair for pair in (*made, *also) if pair[1]):
            joined[name] = f"{joined[name]};{text}" if name in joined else text
        return tuple(sorted(joined.items()))


def scope_pairs(scope: InstrumentationScope, labels: LabelMaker) -> Pairs:
    """``otel_scope_*`` labels."""
    said = {f"otel_scope_{key}": value for key, value in (scope.attributes or {}).items()}
    for part in ("name", "version", "schema_url"):
        said[f"otel_scope_{part}"] = getattr(scope, part) or ""
    return labels.pairs(said)


def label_text(pairs: Iterable[tuple[str, str]]) -> str:
    """What stands between the braces of a sample."""
    return ",".join([f'{name}="{escaped(value)}"' for name, value in pairs])


def escaped(value: str) -> str:
    """``value`` with backslash, line feed and quotation mark escaped."""
    if "\\" in value or "\n" in value or '"' in value:
        return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
    return value


def _describe(value: object) -> object:
    # Bytes are recorded by size, never by content; anything else the SDK has made JSON already.
    return {"size": len(value)} if isinstance(value, bytes) else type(value).__name__

"""Requirement levels, as OpenTelemetry words them.

https://opentelemetry.io/docs/specs/semconv/general/attribute-requirement-level/
"""

from __future__ import annotations

from typing import Any

from registry.documents import is_mapping

_PLAIN = frozenset({"required", "recommended", "opt_in"})
_EXPLAINED = frozenset({"conditionally_required", "recommended", "opt_in"})


def is_level(level: Any) -> bool:
    """Whether the value is one of the words, or one of them with its condition."""
    return level in _PLAIN if isinstance(level, str) else explained(level) is not None


def explained(level: Any) -> tuple[str, str] | None:
    """The word and the condition of `conditionally_required: If it failed.`, else None."""
    if not is_mapping(level):
        return None
    # The loader adds the line under a key that is no string.
    pairs = [pair for pair in level.items() if isinstance(pair[0], str)]
    if len(pairs) != 1:
        return None
    word, condition = pairs[0]
    is_stated = isinstance(condition, str) and bool(condition.strip())
    return (word, " ".join(condition.split())) if word in _EXPLAINED and is_stated else None

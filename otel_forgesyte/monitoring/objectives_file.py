"""Objectives from a YAML file, for those who decorate nothing or leave the numbers to operations.

    default: {success: 0.99}
    objectives:
      page_reader: {success: 0.999, within_s: 2.5}
      overlay: {fps: 25}

What a name does not say is as in `default`, and what that does not say as in `Objective`.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from otel_forgesyte.monitoring.targets import Objectives
from otel_forgesyte.objectives import Objective
from otel_forgesyte_schema.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_FIELDS = tuple(field.name for field in fields(Objective))


def read_objectives(path: Path) -> Objectives:
    """The objectives that the file gives.

    Raises:
        ConfigError: the file cannot be read, or says something unknown.
        ImportError: PyYAML is not installed.
    """
    import yaml

    try:
        document: Any = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    said = _mapping(path, "the file", document, ("default", "objectives"))
    default = _objective(path, "default", Objective(), said.get("default"))
    named = _mapping(path, "objectives", said.get("objectives"))
    return Objectives(
        default, {name: _objective(path, name, default, one) for name, one in named.items()}
    )


def _objective(path: Path, name: str, base: Objective, said: object) -> Objective:
    return replace(base, **_mapping(path, name, said, _FIELDS))


def _mapping(path: Path, what: str, said: object, known: tuple[str, ...] = ()) -> Mapping[str, Any]:
    if said is None:
        return {}
    if not isinstance(said, dict):
        raise ConfigError(f"{path}: {what} is {said!r}: give a mapping")
    found: dict[Any, Any] = said  # pyright: ignore[reportUnknownVariableType] - of anything
    for key in found:
        if not isinstance(key, str) or (known and key not in known):
            names = ", ".join(known) or "names as text"
            raise ConfigError(f"{path}: {what} says {key!r}: give {names}")
    return found

"""YAML files read with the line of every mapping, so that a finding can point at it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

import yaml

from registry.finding import Finding, Place, RegistryError

if TYPE_CHECKING:
    from collections.abc import Hashable
    from pathlib import Path

MANIFEST = "manifest.yaml"

# An object of its own, so that no key of a file can be mistaken for it.
_LINE = object()


class _LinedLoader(yaml.SafeLoader):
    """The safe loader; every mapping also holds its own line, and no key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        keys = [key.value for key, _ in node.value]
        for key in {key for key in keys if keys.count(key) > 1}:
            # PyYAML would keep the last one and say nothing.
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {key!r} stands twice in one mapping", node.start_mark
            )
        mapping = super().construct_mapping(node, deep=deep)
        mapping[_LINE] = node.start_mark.line + 1
        return mapping


@dataclass(frozen=True, slots=True)
class Node:
    """One mapping of a file: its fields by name, and where it stands."""

    fields: dict[str, Any]
    place: Place

    def text(self, field: str) -> str:
        """The field as text in one line, empty where it is absent."""
        value = self.fields.get(field)
        return " ".join(str(value).split()) if value is not None else ""

    def items(self, field: str) -> list[Any]:
        """The field as a list, empty where it is absent or no list."""
        return as_list(self.fields.get(field))

    def nodes(self, field: str) -> list[Node]:
        """The mappings in the field, which may be one or a list of them."""
        value = self.fields.get(field)
        found = [value] if is_mapping(value) else as_list(value)
        return [_node(one, self.place.path) for one in found if is_mapping(one)]

    def child(self, field: str) -> Node:
        """The mapping in the field, an empty one where there is none."""
        return next(iter(self.nodes(field)), Node({}, self.place))


def as_list(value: Any) -> list[Any]:
    """The value if it is a list, else an empty list."""
    return value if _is_list(value) else []


def is_mapping(value: Any) -> TypeGuard[dict[Any, Any]]:
    """Whether the value was a mapping in the file."""
    return isinstance(value, dict)


def _is_list(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def read_documents(folder: Path) -> list[Node]:
    """Every definition file of the folder, in the order of the names.

    Raises:
        RegistryError: a file is no YAML, or no mapping.
    """
    paths = sorted(path for path in folder.glob("*.yaml") if path.name != MANIFEST)
    if not paths:
        problem = Finding(
            Place(folder, 1), "registry", "holds no *.yaml file", "name the right folder"
        )
        raise RegistryError([problem])
    return [read_document(path) for path in paths]


def read_document(path: Path) -> Node:
    """One file as a mapping.

    Raises:
        RegistryError: the file is missing, no YAML, or no mapping.
    """
    try:
        # The loader is a SafeLoader.
        loaded = yaml.load(path.read_text(encoding="utf-8"), Loader=_LinedLoader)  # noqa: S506
    except (OSError, yaml.YAMLError) as error:
        line = _line_of(error)
        problem = " ".join(str(error).split())
        finding = Finding(Place(path, line), path.name, problem, "make it readable YAML")
        raise RegistryError([finding]) from error
    if not is_mapping(loaded):
        finding = Finding(Place(path, 1), path.name, "is no mapping", "start with `file_format:`")
        raise RegistryError([finding])
    return _node(loaded, path)


def _node(mapping: dict[Any, Any], path: Path) -> Node:
    fields = {str(key): value for key, value in mapping.items() if key is not _LINE}
    return Node(fields, Place(path, mapping.get(_LINE, 1)))


def _line_of(error: Exception) -> int:
    mark = getattr(error, "problem_mark", None)
    return mark.line + 1 if mark is not None else 1

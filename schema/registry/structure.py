"""Which fields a definition may and must have: the part of the v2 layout that we use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from registry.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from registry.documents import Node

FILE_FORMAT = "definition/2"
STABILITIES = ("stable", "development", "alpha", "beta", "release_candidate")
SPAN_KINDS = ("internal", "client", "server", "producer", "consumer")
INSTRUMENTS = ("counter", "updowncounter", "gauge", "histogram")

# The registry format leaves annotations to their authors; ours stand below one key of their own.
ANNOTATION = "otel_forgesyte"
_ANNOTATIONS = {
    "attributes": frozenset({"unit", "high_cardinality", "namespace_coincidence"}),
    "metrics": frozenset({"bucket_bounds", "delivery", "exemplar_attributes"}),
}


@dataclass(frozen=True, slots=True)
class _Shape:
    """The fields of one kind of definition, and the field that names it."""

    name: str
    required: frozenset[str]
    optional: frozenset[str]


def _shape(name: str, required: str, optional: str) -> _Shape:
    return _Shape(name, frozenset(required.split()), frozenset(optional.split()))


_SHAPES = {
    "attributes": _shape("key", "key type brief stability", "note examples annotations"),
    "attribute_groups": _shape("id", "id visibility attributes", "brief note stability"),
    "spans": _shape("type", "type kind name brief stability", "note attributes"),
    "metrics": _shape(
        "name", "name instrument unit brief stability", "note attributes annotations"
    ),
    "events": _shape("name", "name brief stability", "note attributes"),
    "event_refinements": _shape("id", "id ref brief", "note stability attributes"),
}
_REFERENCE = _shape("ref", "ref", "requirement_level brief note examples sampling_relevant")
_GROUP_REFERENCE = _shape("ref_group", "ref_group", "")
_MEMBER = _shape("id", "id value brief stability", "note")

_CHOICES = {
    "stability": STABILITIES,
    "kind": SPAN_KINDS,
    "instrument": INSTRUMENTS,
    "visibility": ("internal", "public"),
}


def check_structure(document: Node) -> Iterator[Finding]:
    """What in one file is not in the layout that the model reads."""
    if document.text("file_format") != FILE_FORMAT:
        yield Finding(
            document.place,
            "file_format",
            f"is not {FILE_FORMAT!r}",
            f"start the file with `file_format: {FILE_FORMAT}`",
        )
    for section in document.fields.keys() - _SHAPES.keys() - {"file_format", "imports"}:
        yield Finding(
            document.place,
            section,
            "is no section that this registry reads",
            f"use one of {_listed(_SHAPES)}, or teach model.py to read it",
        )
    for section, shape in _SHAPES.items():
        for node in document.nodes(section):
            yield from _check_definition(section, shape, node)


def _check_definition(section: str, shape: _Shape, node: Node) -> Iterator[Finding]:
    yield from _check_fields(shape, node)
    yield from _check_annotations(section, shape, node)
    for member in node.child("type").nodes("members"):
        yield from _check_fields(_MEMBER, member)
    for reference in node.nodes("attributes"):
        is_group = "ref_group" in reference.fields
        yield from _check_fields(_GROUP_REFERENCE if is_group else _REFERENCE, reference)


def _check_fields(shape: _Shape, node: Node) -> Iterator[Finding]:
    subject = node.text(shape.name) or f"an entry without `{shape.name}`"
    for field in sorted(shape.required - node.fields.keys()):
        yield Finding(node.place, subject, f"has no `{field}`", f"add `{field}:`")
    for field in sorted(node.fields.keys() - shape.required - shape.optional):
        known = _listed(shape.required | shape.optional)
        yield Finding(node.place, subject, f"has an unknown field `{field}`", f"use {known}")
    for field, allowed in _CHOICES.items():
        value = node.text(field)
        if field in node.fields and value not in allowed:
            problem = f"`{field}: {value}` is not allowed"
            yield Finding(node.place, subject, problem, f"use one of {_listed(allowed)}")


def _check_annotations(section: str, shape: _Shape, node: Node) -> Iterator[Finding]:
    known = _ANNOTATIONS.get(section, frozenset())
    for name in sorted(node.child("annotations").child(ANNOTATION).fields.keys() - known):
        problem = f"has an unknown annotation `{name}`"
        yield Finding(node.place, node.text(shape.name), problem, f"use one of {_listed(known)}")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))

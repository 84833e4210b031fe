"""The registry as objects: attributes, and the spans, metrics and events that carry them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registry.documents import MANIFEST, Node, read_document, read_documents
from registry.finding import Place, RegistryError
from registry.structure import ANNOTATION, check_structure

if TYPE_CHECKING:
    from pathlib import Path

NAMESPACE = "forgesyte"


@dataclass(frozen=True, slots=True)
class Member:
    """One known value of an enumeration; others may occur, as OpenTelemetry's enums are open."""

    id: str
    value: Any
    brief: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute that we define."""

    key: str
    type: str
    """A type of the layout, or `enum`."""
    members: tuple[Member, ...]
    brief: str
    note: str
    stability: str
    examples: tuple[Any, ...]
    unit: str
    is_high_cardinality: bool
    namespace_coincidence: str
    """Why this name may also be the namespace of others; empty where it may not."""
    place: Place


@dataclass(frozen=True, slots=True)
class Reference:
    """An attribute named by a signal or a group."""

    key: str
    group: str
    """The group that is referenced instead of an attribute, else empty."""
    requirement_level: Any
    brief: str
    note: str
    examples: tuple[Any, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Group:
    """References that several signals share."""

    id: str
    references: tuple[Reference, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Signal:
    """A span, a metric or an event."""

    name: str
    brief: str
    note: str
    stability: str
    references: tuple[Reference, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Span(Signal):
    """A span by its type; `span_name` says how its name is formed."""

    kind: str
    span_name: str


@dataclass(frozen=True, slots=True)
class Metric(Signal):
    """A metric, with what our views need beside the registry's own fields."""

    instrument: str
    unit: str
    bounds: tuple[Any, ...] | None
    delivery: str
    """`push` where a scrape never sees the metric, else empty."""
    exemplar_attributes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Event(Signal):
    """A log record by its event name; `is_upstream` where OpenTelemetry defines the event."""

    is_upstream: bool


@dataclass(frozen=True, slots=True)
class Registry:
    """All of one folder, each list in the order of its names."""

    folder: Path
    manifest: Node
    imported_events: dict[str, Place]
    """OpenTelemetry's events that we refine, and where they are imported."""
    attributes: tuple[Attribute, ...]
    groups: tuple[Group, ...]
    spans: tuple[Span, ...]
    metrics: tuple[Metric, ...]
    events: tuple[Event, ...]

    @property
    def signals(self) -> tuple[Signal, ...]:
        """Spans, metrics and events together."""
        return (*self.spans, *self.metrics, *self.events)

    @property
    def upstream(self) -> tuple[Reference, ...]:
        """OpenTelemetry's own attributes, as the groups for them state them, by key."""
        found = {
            reference.key: reference
            for group in self.groups
            for reference in group.references
            if reference.key and not is_ours(reference.key)
        }
        return tuple(found[key] for key in sorted(found))

    def resolve(self, signal: Signal) -> tuple[Reference, ...]:
        """The signal's references in their order, groups replaced by what they hold."""
        groups = {group.id: group.references for group in self.groups}
        resolved: list[Reference] = []
        for reference in signal.references:
            resolved += groups.get(reference.group, ()) if reference.group else (reference,)
        return tuple(resolved)


def is_ours(name: str) -> bool:
    """Whether the name stands in our namespace."""
    return name.split(".", 1)[0] == NAMESPACE


def load(folder: Path) -> Registry:
    """The registry in the folder.

    Raises:
        RegistryError: a file is unreadable or departs from the layout.
    """
    documents = read_documents(folder)
    if findings := [finding for one in documents for finding in check_structure(one)]:
        raise RegistryError(findings)
    events = [_event(node, "name") for one in documents for node in one.nodes("events")]
    events += [_event(node, "ref") for one in documents for node in one.nodes("event_refinements")]
    return Registry(
        folder=folder,
        manifest=read_document(folder / MANIFEST),
        imported_events={
            str(name): node.place
            for node in _all(documents, "imports")
            for name in node.items("events")
        },
        attributes=tuple(
            sorted(map(_attribute, _all(documents, "attributes")), key=lambda one: one.key)
        ),
        groups=tuple(map(_group, _all(documents, "attribute_groups"))),
        spans=tuple(sorted(map(_span, _all(documents, "spans")), key=lambda one: one.name)),
        metrics=tuple(sorted(map(_metric, _all(documents, "metrics")), key=lambda one: one.name)),
        events=tuple(sorted(events, key=lambda one: one.name)),
    )


def _all(documents: list[Node], section: str) -> list[Node]:
    return [node for document in documents for node in document.nodes(section)]


def _attribute(node: Node) -> Attribute:
    annotation = node.child("annotations").child(ANNOTATION)
    members = node.child("type").nodes("members")
    return Attribute(
        key=node.text("key"),
        type="enum" if members else node.text("type"),
        members=tuple(
            Member(member.text("id"), member.fields["value"], member.text("brief"))
            for member in members
        ),
        brief=node.text("brief"),
        note=node.text("note"),
        stability=node.text("stability"),
        examples=tuple(node.items("examples")),
        unit=annotation.text("unit"),
        is_high_cardinality=annotation.fields.get("high_cardinality") is True,
        namespace_coincidence=annotation.text("namespace_coincidence"),
        place=node.place,
    )


def _references(node: Node) -> tuple[Reference, ...]:
    return tuple(
        Reference(
            key=one.text("ref"),
            group=one.text("ref_group"),
            requirement_level=one.fields.get("requirement_level"),
            brief=one.text("brief"),
            note=one.text("note"),
            examples=tuple(one.items("examples")),
            place=one.place,
        )
        for one in node.nodes("attributes")
    )


def _group(node: Node) -> Group:
    return Group(node.text("id"), _references(node), node.place)


def _signal(node: Node, name: str) -> dict[str, Any]:
    return {
        "name": node.text(name),
        "brief": node.text("brief"),
        "note": node.text("note"),
        "stability": node.text("stability"),
        "references": _references(node),
        "place": node.place,
    }


def _span(node: Node) -> Span:
    span_name = node.child("name").text("note")
    return Span(**_signal(node, "type"), kind=node.text("kind"), span_name=span_name)


def _metric(node: Node) -> Metric:
    annotation = node.child("annotations").child(ANNOTATION)
    bounds = annotation.fields.get("bucket_bounds")
    return Metric(
        **_signal(node, "name"),
        instrument=node.text("instrument"),
        unit=node.text("unit"),
        bounds=None if bounds is None else tuple(annotation.items("bucket_bounds")),
        delivery=annotation.text("delivery"),
        exemplar_attributes=tuple(map(str, annotation.items("exemplar_attributes"))),
    )


def _event(node: Node, name: str) -> Event:
    return Event(**_signal(node, name), is_upstream=name == "ref")

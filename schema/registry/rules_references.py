"""Rules about what refers to what."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from registry import upstream
from registry.finding import Finding
from registry.levels import is_level
from registry.model import Group, is_ours

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registry.finding import Place
    from registry.model import Reference, Registry, Signal


def check_resolve(registry: Registry) -> Iterator[Finding]:
    """Every attribute and group that is named exists."""
    for owner, reference in _references(registry):
        if reference.group:
            yield from _check_group(registry, owner, reference)
        else:
            yield from _check_attribute(registry, reference.key, reference.place)
    for metric in registry.metrics:
        for key in metric.exemplar_attributes:
            yield from _check_attribute(registry, key, metric.place)


def check_upstream_is_declared(registry: Registry) -> Iterator[Finding]:
    """An attribute of OpenTelemetry's is named in a group first: borrowing one is a decision."""
    declared = {reference.key for reference in registry.upstream}
    for signal in registry.signals:
        for reference in signal.references:
            if reference.key and not is_ours(reference.key) and reference.key not in declared:
                yield Finding(
                    reference.place,
                    reference.key,
                    "is OpenTelemetry's and stands in no attribute group",
                    "add it to a group of upstream.yaml",
                )


def check_dependency(registry: Registry) -> Iterator[Finding]:
    """The conventions we build on are a version that the installed package knows."""
    urls = [node.text("schema_url") for node in registry.manifest.nodes("dependencies")]
    if not upstream.schema_urls().intersection(urls):
        yield Finding(
            registry.manifest.place,
            "dependencies",
            "name no version of OpenTelemetry's conventions that is installed",
            f"use {max(upstream.schema_urls(), key=_version)}",
        )


def check_imported_events(registry: Registry) -> Iterator[Finding]:
    """An event of OpenTelemetry's is imported and known; one of ours is no refinement."""
    for event in registry.events:
        if event.is_upstream and event.name not in registry.imported_events:
            problem = "is refined and not imported"
            yield Finding(event.place, event.name, problem, "add it to `imports: events:`")
    used = {event.name for event in registry.events if event.is_upstream}
    for name, place in registry.imported_events.items():
        if name not in upstream.event_names():
            problem = "is imported and OpenTelemetry does not define it"
            yield Finding(place, name, problem, "look the event up in the conventions")
        if name not in used:
            problem = "is imported and nothing refines it"
            yield Finding(place, name, problem, "remove the import")


def check_use(registry: Registry) -> Iterator[Finding]:
    """Every attribute and group of ours is carried by something."""
    resolved = {one.key for signal in registry.signals for one in registry.resolve(signal)}
    exemplars = {key for metric in registry.metrics for key in metric.exemplar_attributes}
    for attribute in registry.attributes:
        if attribute.key not in resolved | exemplars:
            problem = "is carried by no span, metric or event"
            yield Finding(attribute.place, attribute.key, problem, "refer to it, or remove it")


def check_levels(registry: Registry) -> Iterator[Finding]:
    """Every reference says how much it is required, in OpenTelemetry's words."""
    for _, reference in _references(registry):
        if reference.key and not is_level(reference.requirement_level):
            yield Finding(
                reference.place,
                reference.key,
                f"has the requirement level {reference.requirement_level!r}",
                "use required, recommended, opt_in, or `conditionally_required: If …`",
            )


def check_groups_meet(registry: Registry) -> Iterator[Finding]:
    """No signal receives one attribute twice: OpenTelemetry's tools refuse to resolve that."""
    for signal in registry.signals:
        counts = Counter(reference.key for reference in registry.resolve(signal))
        for key in sorted(key for key, times in counts.items() if times > 1):
            problem = f"carries {key} more than once"
            yield Finding(signal.place, signal.name, problem, "keep one, in a group or beside it")


def check_cardinality(registry: Registry) -> Iterator[Finding]:
    """No metric has an attribute of which each value would start a new series."""
    unbounded = {one.key for one in registry.attributes if one.is_high_cardinality}
    for metric in registry.metrics:
        for reference in registry.resolve(metric):
            if reference.key in unbounded:
                yield Finding(
                    reference.place,
                    metric.name,
                    f"has {reference.key}, whose values have no bound",
                    "put it on spans and logs, or into `exemplar_attributes`",
                )


def _references(registry: Registry) -> Iterator[tuple[Group | Signal, Reference]]:
    owners: tuple[Group | Signal, ...] = (*registry.groups, *registry.signals)
    return ((owner, reference) for owner in owners for reference in owner.references)


def _check_group(
    registry: Registry, owner: Group | Signal, reference: Reference
) -> Iterator[Finding]:
    if isinstance(owner, Group):
        problem = "is a group inside a group"
        yield Finding(reference.place, reference.group, problem, "list the attributes themselves")
    elif reference.group not in {group.id for group in registry.groups}:
        problem = "is a group that nothing defines"
        yield Finding(reference.place, reference.group, problem, "define it, or correct the name")


def _check_attribute(registry: Registry, key: str, place: Place) -> Iterator[Finding]:
    if is_ours(key):
        if key not in {one.key for one in registry.attributes}:
            problem = "is an attribute that nothing defines"
            yield Finding(place, key, problem, "define it under `attributes:`, or correct the name")
    elif key not in upstream.attribute_names():
        problem = "is unknown to the installed OpenTelemetry conventions"
        yield Finding(place, key, problem, "correct the name, or define one of our own")


def _version(url: str) -> tuple[int, ...]:
    return tuple(int(part) for part in url.rpartition("/")[2].split("."))

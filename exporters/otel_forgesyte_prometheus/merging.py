"""Families of several processes on one page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otel_forgesyte_prometheus.families import Kind, Number
from otel_forgesyte_prometheus.labels import label_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from otel_forgesyte_prometheus.families import Family, FamilySet
    from otel_forgesyte_prometheus.labels import Pairs

_PROCESS: Final = "process_pid"
# Of one process, and so of none where there is a page for many: also while there is but one.
_INSTANCE: Final = "service_instance_id"


def add_all(
    page: FamilySet, families: Iterable[Family], also: Pairs = (), process: str = ""
) -> None:
    """Add families to a page: sums and histograms to those of the same labels.

    A gauge has no sum, and is told by process. What the resource says is left to `add_target`.
    """
    for family in families:
        if family.kind is Kind.INFO or not page.has_part(family.name):
            continue
        found = page.family(family.name, family.kind, family.unit, family.description)
        if found is None:
            page.left_out["name_taken"] += len(family.series)
            continue
        before = page.left_out["series_limit"]
        for text, (pairs, point) in family.series.items():
            is_gauge = isinstance(point, Number) and not point.is_sum
            more = (*also, (_PROCESS, process)) if is_gauge and process else also
            if more:
                page.add(found, _with(pairs, more), point)
            else:
                page.add(found, pairs, point, text)
        if page.left_out["series_limit"] > before:
            page.note_limit(family.name)


def add_target(page: FamilySet, of_processes: Sequence[Iterable[Family]]) -> None:
    """Add what the resources of all these processes have in common: it is one target."""
    infos = [family for families in of_processes for family in families if family.kind is Kind.INFO]
    told = [set(pairs) for family in infos for pairs, _ in family.series.values()]
    if not told:
        return
    first = infos[0]
    family = page.family(first.name, first.kind, first.unit, first.description)
    common = tuple(sorted(pair for pair in told[0].intersection(*told[1:]) if pair[0] != _INSTANCE))
    # Two ports of one service have the same to say, and it is one target to who asks here.
    if family is not None and common and label_text(common) not in family.series:
        page.add(family, common, Number(1, is_sum=False))


def _with(pairs: Pairs, more: Pairs) -> Pairs:
    names = {name for name, _ in pairs}
    return tuple(sorted((*pairs, *(pair for pair in more if pair[0] not in names))))

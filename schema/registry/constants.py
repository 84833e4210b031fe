"""How a name of the registry becomes a Python name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry.model import NAMESPACE, Metric, Span

if TYPE_CHECKING:
    from registry.model import Signal


def attribute_constant(key: str) -> str:
    """`forgesyte.job.id` → `FORGESYTE_JOB_ID`."""
    return key.replace(".", "_").upper()


def signal_constant(signal: Signal) -> str:
    """`forgesyte.job.duration` → `METRIC_FORGESYTE_JOB_DURATION`; `SPAN_…`, `EVENT_…` likewise."""
    kind = (
        "METRIC" if isinstance(signal, Metric) else "SPAN" if isinstance(signal, Span) else "EVENT"
    )
    return f"{kind}_{attribute_constant(signal.name)}"


def enum_class(key: str) -> str:
    """`forgesyte.job.status` → `JobStatusValues`: the namespace says nothing here."""
    words = key.removeprefix(f"{NAMESPACE}.").replace(".", "_").split("_")
    return "".join(word.capitalize() for word in words) + "Values"

"""`Objective`: how good jobs are meant to be, stated beside the function that runs them.

Nothing is measured or checked for it at run time. `otel-forgesyte rules write --app MODULE` imports
the application, reads what its decorators declared, and writes alerting rules; it also refuses what
makes no sense, because a decorator never raises into its host.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Objective:
    """What alerts hold the jobs and overlays of one name to.

    Attributes:
        success: share of the jobs that are to end well, above 0 and below 1. Cancelled jobs do not
            count.
        within_s: a job that takes longer counts as one that did not end well; one of the bucket
            bounds of `forgesyte.job.duration`. None: however long it takes.
        window_d: days over which the share is meant.
        queued_s: 95 of 100 jobs are to wait less than this for their start.
        running_s: a job that has run longer than this is stuck.
        fps: frames per second that an overlay is to show. None: whatever it manages.
    """

    success: float = 0.99
    within_s: float | None = None
    window_d: int = 30
    queued_s: float = 60.0
    running_s: float = 3600.0
    fps: float | None = 10.0


_stated: dict[str, Objective] = {}
_nameless: dict[str, Objective] = {}
_contradicted: dict[str, None] = {}


def state(objective: Objective, name: str | None, function_name: str) -> None:
    """Note the objective of a decorated function; `name` None where each call gives its own."""
    if name is None:
        _nameless[function_name] = objective
    else:
        if _stated.setdefault(name, objective) != objective:
            _contradicted[name] = None
        _stated[name] = objective


def stated() -> Mapping[str, Objective]:
    """What the decorators that ran so far declared, by the name of job or plugin."""
    return dict(_stated)


def contradicted() -> tuple[str, ...]:
    """Names of which decorators said different things; the last one counts."""
    return tuple(_contradicted)


def nameless() -> tuple[str, ...]:
    """Functions with an objective whose name is told by their arguments, call by call."""
    return tuple(_nameless)

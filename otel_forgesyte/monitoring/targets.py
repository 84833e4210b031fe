"""Objectives as rules take them: checked, and each with the names that it holds for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING

from otel_forgesyte.monitoring.burn_rate import largest_budget
from otel_forgesyte.monitoring.promql import fits_not, has
from otel_forgesyte.objectives import Objective
from otel_forgesyte.semconv import (
    FORGESYTE_PLUGIN_NAME,
    METRIC_FORGESYTE_JOB_DURATION,
    METRIC_FORGESYTE_JOB_QUEUE_DURATION,
)
from otel_forgesyte_schema.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT = "default"
_SHORTEST_WINDOW_D, _LONGEST_WINDOW_D = 7, 90
_DURATIONS = METRIC_FORGESYTE_JOB_DURATION.bounds or ()
_LONGEST_WAIT_S = max(METRIC_FORGESYTE_JOB_QUEUE_DURATION.bounds or (0,))


@dataclass(frozen=True, slots=True)
class Objectives:
    """An objective for each name of a job or plugin that has one, and the one for all others."""

    default: Objective = field(default_factory=Objective)
    named: Mapping[str, Objective] = field(default_factory=dict[str, Objective])


@dataclass(frozen=True, slots=True)
class Target:
    """An objective, and the PromQL matcher for the names of the jobs that it holds for."""

    name: str
    matcher: str
    objective: Objective


def targets(objectives: Objectives) -> tuple[Target, ...]:
    """The objectives of each name, and before them the one of all others.

    Raises:
        ConfigError: an objective that no rule could hold anything to.
    """
    default, named = objectives.default, objectives.named
    others = fits_not(FORGESYTE_PLUGIN_NAME, "|".join(map(_literally, sorted(named))))
    found = [Target(DEFAULT, others if named else "", default)]
    found += [Target(name, has(FORGESYTE_PLUGIN_NAME, name), named[name]) for name in sorted(named)]
    for target in found:
        _check(target)
    return tuple(found)


def _literally(name: str) -> str:
    """The name as a pattern of RE2, which knows fewer escapes than Python's own."""
    return re.sub(r"([.^$*+?()\[\]{}|\\])", r"\\\1", name)


def _check(target: Target) -> None:
    said = target.objective
    if not isinstance(said, Objective):  # pyright: ignore[reportUnnecessaryIsInstance] - of anybody
        raise ConfigError(f"the objective of {target.name} is {said!r}: give an Objective(...)")
    _require(target, "window_d", _SHORTEST_WINDOW_D, said.window_d, _LONGEST_WINDOW_D + 1)
    # Rounded up: whoever gives what the message says shall be understood.
    least = ceil((1 - largest_budget(said.window_d)) * 1000) / 1000
    _require(target, "success", least, said.success, 1)
    _require(target, "queued_s", 0, said.queued_s, _LONGEST_WAIT_S)
    _require(target, "running_s", 0, said.running_s, float("inf"))
    if said.fps is not None:
        _require(target, "fps", 0, said.fps, 1000)
    if said.within_s is not None and said.within_s not in _DURATIONS:
        bounds = ", ".join(f"{bound:g}" for bound in _DURATIONS)
        raise ConfigError(
            f"the objective of {target.name} says within_s={said.within_s!r}: "
            f"{METRIC_FORGESYTE_JOB_DURATION.name} can tell {bounds}; give one of these"
        )


def _require(target: Target, field: str, least: float, number: object, below: float) -> None:
    is_number = isinstance(number, (int, float)) and not isinstance(number, bool)
    if is_number and (0 < number >= least) and number < below:  # type: ignore[operator]
        return
    raise ConfigError(
        f"the objective of {target.name} says {field}={number!r}: "
        f"give a number {f'from {least:g}' if least else 'above 0'} to below {below:g}"
    )

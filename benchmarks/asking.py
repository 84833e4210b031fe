"""How long an answer takes, from the question to the last row."""

from __future__ import annotations

import statistics
import time
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from benchmarks.harness import Case

    Answer = list[tuple[Any, ...]]
    Ask = Callable[[str], Answer]
    """All rows of the question of that name."""

_ENOUGH_S = 1.0
_MOST = 15


def figures(names: Iterable[str], ask: Ask, how: str = "") -> Case:
    """How long each question took, `how` it was asked being a part of the figures' names."""
    told: Case = {}
    for name in names:
        wall, cpu = asked(partial(ask, name))
        told |= {f"{name}{how}_wall_ms": wall, f"{name}{how}_cpu_ms": cpu}
    return told


def asked(question: Callable[[], Answer]) -> tuple[float, float]:
    """Milliseconds by the clock and of CPU, all threads: medians of as many as a second allows.

    One goes before them, so that the file is in memory on both sides.
    """
    question()
    wall: list[float] = []
    cpu: list[float] = []
    started = time.perf_counter()
    while not wall or (time.perf_counter() - started < _ENOUGH_S and len(wall) < _MOST):
        began, process_began = time.perf_counter_ns(), time.process_time_ns()
        question()
        wall.append((time.perf_counter_ns() - began) / 1e6)
        cpu.append((time.process_time_ns() - process_began) / 1e6)
    return statistics.median(wall), statistics.median(cpu)

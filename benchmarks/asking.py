"""How long an answer takes, from opening the file to the last row."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_ENOUGH_S = 1.0
_MOST = 15


def asked(question: Callable[[], list[tuple[Any, ...]]]) -> tuple[float, float]:
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

"""How many jobs run now, and how long the oldest of them has, by plugin.

Observable instruments: a job counts itself in and out (0.5 µs together), and the reader asks when
it collects. A synchronous up-down counter costs the job two measurements of 6-10 µs each, which is
half of what a whole span costs.
"""

from __future__ import annotations

import os
from time import perf_counter_ns
from typing import TYPE_CHECKING

from otel_forgesyte.semconv import FORGESYTE_PLUGIN_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from opentelemetry.metrics import CallbackOptions, Observation


class ActiveJobs:
    """Knows the running jobs; safe from any thread.

    A plugin's jobs are the items of a dict, start time by job: setting and popping one are atomic.
    A lock would cost three times as much, and could be copied while held into a forked child.
    """

    def __init__(self) -> None:
        self._running: dict[str, dict[int, int]] = {}

    def started(self, plugin: str, key: int, started_ns: int) -> None:
        """Count one job in; `key` tells it from others, `started_ns` is by `perf_counter_ns`."""
        running = self._running.get(plugin)
        if running is None:
            running = self._running.setdefault(plugin, {})
        running[key] = started_ns

    def ended(self, plugin: str, key: int) -> None:
        """Count one job out; in a forked child also one that only its parent counted in."""
        running = self._running.get(plugin)
        if running is not None:
            running.pop(key, None)

    def observe(self, _options: CallbackOptions) -> Iterable[Observation]:
        """How many run: one observation per plugin seen so far, zero too: the gauge comes down."""
        return self._observed(len)

    def observe_ages(self, _options: CallbackOptions) -> Iterable[Observation]:
        """How long the oldest has run, in seconds, per plugin seen so far; zero where none does."""
        now = perf_counter_ns()
        return self._observed(lambda starts: (now - min(starts, default=now)) / 1_000_000_000)

    def _observed(self, value: Callable[[list[int]], float]) -> Iterable[Observation]:
        from opentelemetry.metrics import Observation

        return [
            Observation(value(list(running.values())), {FORGESYTE_PLUGIN_NAME: plugin})
            for plugin, running in list(self._running.items())
        ]

    def forget(self) -> None:
        """Start from zero, as a forked child does: its parent's jobs run in the parent."""
        self._running.clear()


active_jobs = ActiveJobs()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=active_jobs.forget)

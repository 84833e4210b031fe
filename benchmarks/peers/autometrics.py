"""autometrics: counters and a histogram in prometheus_client, no span."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autometrics import autometrics, init
from prometheus_client import REGISTRY

from benchmarks.workload import BURSTS, CALLS, timed

if TYPE_CHECKING:
    from benchmarks.harness import Case


def decorated() -> Case:
    """A function under `@autometrics`."""
    init(tracker="prometheus", service_name="benchmark")

    @autometrics
    def work(value: int) -> int:
        return value

    figures = timed(lambda: work(1), lambda: None)
    counted = sum(
        sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
        if sample.name == "function_calls_total"
    )
    if counted != (BURSTS + 1) * CALLS:
        raise RuntimeError(f"{counted} calls were counted, not {(BURSTS + 1) * CALLS}")
    return figures

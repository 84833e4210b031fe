"""Batches of ended spans, one after another, until all of them are where they go (P4, P5)."""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING

from benchmarks.spans import BATCH, batches

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opentelemetry.sdk.trace import ReadableSpan

BATCHES = 60
"""Measured; one more goes before them to warm up."""


def sustained(
    export: Callable[[Sequence[ReadableSpan]], object], settle: Callable[[], None]
) -> dict[str, float]:
    """µs a span: CPU of the calling thread in `export`, CPU and wall time of it all.

    `settle` waits until everything exported has arrived.
    """
    warm_up, *measured = batches(BATCHES + 1)
    # A real exporter lets its spans go: without this the collector would walk all of them.
    gc.collect()
    gc.freeze()
    export(warm_up)
    settle()
    began = time.perf_counter_ns()
    process_began, thread_began = time.process_time_ns(), time.thread_time_ns()
    for batch in measured:
        export(batch)
    thread_ns = time.thread_time_ns() - thread_began
    settle()
    process_ns = time.process_time_ns() - process_began
    wall_ns = time.perf_counter_ns() - began
    spans = BATCH * BATCHES
    return {
        "thread_us": thread_ns / spans / 1_000,
        "process_us": process_ns / spans / 1_000,
        "wall_us": wall_ns / spans / 1_000,
    }

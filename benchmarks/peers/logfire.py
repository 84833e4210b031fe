"""logfire, with its own servers, its console and what it keeps of arguments switched off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import logfire

from benchmarks.no_op import counting_processor
from benchmarks.workload import BURSTS, CALLS, timed

if TYPE_CHECKING:
    from benchmarks.harness import Case


def decorated() -> Case:
    """A function under `logfire.instrument`, called inside a span."""
    processor, check = counting_processor()
    logfire.configure(
        send_to_logfire=False,
        console=False,
        metrics=False,
        inspect_arguments=False,
        scrubbing=False,  # ours redacts nothing either unless it is told to
        additional_span_processors=[processor],
    )

    @logfire.instrument(extract_args=False)  # ours keeps no arguments
    def work(value: int) -> int:
        return value

    with logfire.span("benchmark"):
        figures = timed(lambda: work(1), logfire.force_flush)
        check((BURSTS + 1) * CALLS)
    return figures

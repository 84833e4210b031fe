"""OpenLLMetry: traceloop-sdk, without its instrumentations of other libraries.

Without the texts of arguments and results too, which ours does not keep either.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from traceloop.sdk import Traceloop
from traceloop.sdk.decorators import task, workflow

from benchmarks.no_op import counting_processor
from benchmarks.workload import BURSTS, CALLS, timed

if TYPE_CHECKING:
    from benchmarks.harness import Case


def decorated() -> Case:
    """A function under `@task`, called inside a `@workflow`."""
    os.environ["TRACELOOP_TRACE_CONTENT"] = "false"
    processor, check = counting_processor()
    Traceloop.init(
        app_name="benchmark", processor=processor, instruments=set(), telemetry_enabled=False
    )

    @task(name="work")
    def work(value: int) -> int:
        return value

    @workflow(name="benchmark")
    def benchmark() -> Case:
        return timed(lambda: work(1), processor.force_flush)

    figures: Case = benchmark()
    processor.force_flush()
    check((BURSTS + 1) * CALLS + 1)  # the workflow's own
    return figures

"""P6: who holds the GIL under load, and how long the application's thread is kept waiting for it.

Two ways, for neither tells both. py-spy looks at the process from outside a hundred times a
second, and sees which thread holds the GIL and what it does. And a thread that sleeps a millisecond
after each job, as one that serves requests would, notes by how much it goes on too late.

gilknocker was tried: its one number depends on how often it knocks (0.76, 0.47 and 0.18 for a GIL
that is held half of the time, every 0.1, 1 and 5 ms), and it says nothing about the worst. py-spy
without its pauses (`--nonblocking`) lost up to a third of its looks, to stacks that had changed.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import memory, sizes
from benchmarks.no_op import counting_exporter
from benchmarks.rows import Figure, Row
from benchmarks.spans import BATCH, SPANS_A_JOB, make_job, tracer_provider
from benchmarks.workload import DATABASE, in_database, stored_spans

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.sdk.trace.export import SpanExporter

    from benchmarks.harness import Case

_RATE = 100
"""Looks a second: each stops the process for about a millisecond."""
_SCALE = 0.1
"""Watched, a million spans would take minutes: a tenth of them gives over a hundred looks."""
_SAMPLES = "samples.txt"
_NO_OP = "the SDK with a no-op exporter"
_START, _STEADY = 16, 32
"""Batches of the paced load: two seconds, in which DuckDB is imported, and those after them."""
_PAUSE_S = 0.001


def _row(key: str, what: str, drain: str, figure: str, needs: tuple[str, ...] = ()) -> Row:
    return Row(
        key=f"P6 {key} {drain}",
        what=f"{what}, drain={drain}",
        baseline_what=_NO_OP,
        candidate=Figure(f"gil:{key.lower()}_{drain}", figure),
        baseline=Figure(f"gil:{key.lower()}_no_op", figure),
        unit="µs",
        comparison="difference",
        needs=needs,
    )


ROWS = (
    *(
        _row(
            "GIL", "GIL held a span, all but making it", drain, "gil_us", ("peers.py_spy:located",)
        )
        for drain in ("thread", "child")
    ),
    *(
        _row("late", "a thread that paused goes on too late, p99", drain, "late_p99_us")
        for drain in ("thread", "child")
    ),
)


def gil_no_op() -> Case:
    """The batch processor, and an exporter that counts."""
    return _watched("no_op")


def gil_thread() -> Case:
    """Encoding, the spool, and a drain whose SQL runs without the GIL."""
    return _watched("thread")


def gil_child() -> Case:
    """Encoding and the spool."""
    return _watched("child")


def _watched(case: str) -> Case:
    """What held the GIL while that case of P6 ran; raises where its spans did not arrive."""
    sizes.take_at_most(_SCALE)
    watch = (sizes.data() / "py-spy").read_text(encoding="utf-8")
    looking = ["record", "--gil", "--rate", str(_RATE), "--format", "raw", "--output", _SAMPLES]
    ended = subprocess.run(
        [watch, *looking, "--", sys.executable, "-m", "benchmarks.harness", f"memory:{case}"],
        capture_output=True,
        text=True,
        check=False,  # it ends well whatever became of what it watched
    )
    if not any(line.startswith("{") for line in ended.stdout.splitlines()):
        raise RuntimeError(f"memory:{case} gave no figures:\n{ended.stdout}{ended.stderr}")
    return shares(Path(_SAMPLES).read_text(encoding="utf-8"), sizes.spans() // BATCH * BATCH)


def shares(samples: str, spans: int) -> Case:
    """µs a span in which the GIL was held, by what held it, and milliseconds of imports.

    Args:
        samples: a line for each stack, its frames from the outermost, and how often it was seen.
        spans: made while it was watched.
    """
    seen = {"made": 0, "import": 0, "other": 0}
    for line in samples.splitlines():
        stack, _, count = line.rpartition(" ")
        if f"{make_job.__name__} (" in stack:
            seen["made"] += int(count)
        elif f"{memory.under_load.__name__} (" in stack or "_bootstrap_inner (threading" in stack:
            seen["import" if "importlib" in stack else "other"] += int(count)
    return {
        "gil_us": seen["other"] / _RATE / spans * 1e6,
        "make_gil_us": seen["made"] / _RATE / spans * 1e6,
        "import_gil_ms": seen["import"] / _RATE * 1e3,
    }


def late_no_op() -> Case:
    """The timer, the scheduler, and the batch processor's own thread."""
    exporter, check = counting_exporter()
    figures = _paced(exporter, lambda: None)
    check((_START + _STEADY) * BATCH)
    return figures


def late_thread() -> Case:
    """Beside them a drain in the same process."""
    return _stored("thread")


def late_child() -> Case:
    """Beside them a drain on the same machine."""
    return _stored("child")


def _stored(drain: str) -> Case:
    from otel_forgesyte_duckdb import DuckDBSpanExporter

    exporter = DuckDBSpanExporter(database=DATABASE, drain=drain)
    figures = _paced(exporter, in_database(exporter.force_flush))
    return figures | {"spans": stored_spans(_START + _STEADY)}


def _paced(exporter: SpanExporter, settle: Callable[[], None]) -> Case:
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = tracer_provider()
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("benchmark", "1.0")

    def late(batches: int) -> list[float]:
        late_us: list[float] = []
        for number in range(batches * BATCH // SPANS_A_JOB):
            make_job(tracer, number)
            began = time.perf_counter()
            time.sleep(_PAUSE_S)
            late_us.append((time.perf_counter() - began - _PAUSE_S) * 1e6)
        return late_us

    at_start = late(_START)
    provider.force_flush()
    settle()
    steady = late(_STEADY)
    provider.shutdown()
    return {
        "late_p50_us": statistics.median(steady),
        "late_p99_us": statistics.quantiles(steady, n=100)[98],
        "late_max_ms": max(steady) / 1e3,
        "start_max_ms": max(at_start) / 1e3,
    }

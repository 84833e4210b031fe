"""P1, P2, P3: what a decorated call and a frame cost the thread that makes them."""

from __future__ import annotations

import functools
import itertools
import time
from typing import TYPE_CHECKING

from benchmarks.rows import Figure, Row
from benchmarks.workload import DATABASE, HandWritten, hand_written_setup, timed

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.harness import Case

_THREAD = "thread_us"
_PROCESS = "process_us"
_HAND = "hand-written span + histogram, stock SDK"
_BARE = "bare call through functools.wraps"

_SPAN_US = 34.0
"""What P1's baseline took where P2's limits were set, in microseconds: see `_unrecorded`."""


def _unrecorded(key: str, what: str, case: str, must_us: float) -> tuple[Row, Row]:
    """In microseconds, as the target is, and as a share of a span, which no slower machine changes.

    The share's limit is the target's microseconds of those that P1's baseline took then.
    """
    candidate = Figure(f"decorator:{case}", _THREAD)
    return (
        Row(
            key=key,
            what=what,
            baseline_what=_BARE,
            candidate=candidate,
            baseline=Figure("decorator:bare", _THREAD),
            unit="µs",
            comparison="difference",
            must=must_us,
        ),
        Row(
            key=f"{key}, of a span",
            what=what,
            baseline_what=_HAND,
            candidate=candidate,
            baseline=Figure("decorator:plugin_by_hand", _THREAD),
            unit="µs",
            must=round(must_us / _SPAN_US, 3),
        ),
    )


ROWS = (
    Row(
        key="P1 plugin",
        what="@plugin, duckdb + prometheus",
        baseline_what=_HAND,
        candidate=Figure("decorator:plugin_recorded", _THREAD),
        baseline=Figure("decorator:plugin_by_hand", _THREAD),
        unit="µs",
        must=1.15,
        aim=1.0,
    ),
    Row(
        key="P1 job",
        what="@job, duckdb + prometheus",
        baseline_what=_HAND,
        candidate=Figure("decorator:job_recorded", _THREAD),
        baseline=Figure("decorator:job_by_hand", _THREAD),
        unit="µs",
        must=1.15,
        aim=1.0,
    ),
    Row(
        key="P1 all threads",
        what="@plugin until it is in the database",
        baseline_what=_HAND,
        candidate=Figure("decorator:plugin_recorded", _PROCESS),
        baseline=Figure("decorator:plugin_by_hand", _PROCESS),
        unit="µs",
    ),
    *_unrecorded("P2 plugin no SDK", "@plugin, nothing configured", "plugin_without_sdk", 6.0),
    *_unrecorded("P2 job no SDK", "@job, nothing configured", "job_without_sdk", 6.0),
    *_unrecorded("P2 plugin unsampled", "@plugin, sampling ratio 0", "plugin_sampled_out", 25.0),
    *_unrecorded("P2 job unsampled", "@job, sampling ratio 0", "job_sampled_out", 25.0),
    Row(
        key="P3",
        what="one overlay frame",
        baseline_what="hand-written span per frame, stock SDK",
        candidate=Figure("decorator:frame_recorded", _THREAD),
        baseline=Figure("decorator:span_per_frame", _THREAD),
        unit="µs",
        must=0.5,
        aim=0.3,
    ),
    Row(
        key="P3 all threads",
        what="one overlay frame until it is in the database",
        baseline_what="hand-written span per frame, stock SDK",
        candidate=Figure("decorator:frame_recorded", _PROCESS),
        baseline=Figure("decorator:span_per_frame", _PROCESS),
        unit="µs",
    ),
)


def work(value: int) -> int:
    """As good as nothing: what is left is the price of observing it."""
    return value


def bare() -> Case:
    """The least that any decorator costs."""

    @functools.wraps(work)
    def wrapped(*args: int, **kwargs: int) -> int:
        return work(*args, **kwargs)

    return timed(lambda: wrapped(1), _nothing)


def plugin_by_hand() -> Case:
    """A span with four attributes, current while the work runs, and one histogram record."""
    setup = hand_written_setup()
    with setup.tracer.start_as_current_span("job benchmark"):
        return _by_hand(setup, "plugin work")


def job_by_hand() -> Case:
    """The same without a parent: a new trace for each call."""
    return _by_hand(hand_written_setup(), "job work")


def _by_hand(setup: HandWritten, name: str) -> Case:
    from opentelemetry import context, trace

    attributes = {
        "forgesyte.operation.name": "plugin",
        "forgesyte.plugin.name": "work",
        "forgesyte.plugin.tool": "run",
        "forgesyte.device.name": "cpu",
    }
    labels = {"forgesyte.plugin.name": "work", "forgesyte.device.name": "cpu"}
    tracer, histogram = setup.tracer, setup.histogram

    def call() -> int:
        started = time.perf_counter()
        span = tracer.start_span(name, attributes=attributes)
        token = context.attach(trace.set_span_in_context(span))
        try:
            return work(1)
        finally:
            context.detach(token)
            span.end()
            histogram.record(time.perf_counter() - started, labels)

    figures = timed(call, setup.settle)
    setup.shutdown()
    return figures


def plugin_recorded() -> Case:
    """The decorator under `configure()`, inside a job."""
    return _configured(_plugin_in_job)


def job_recorded() -> Case:
    """The decorator under `configure()`."""
    return _configured(_job)


def plugin_sampled_out() -> Case:
    """The same, and the host's sampler keeps no trace."""
    return _configured(_plugin_in_job, sampled=False)


def job_sampled_out() -> Case:
    """The same, and the host's sampler keeps no trace."""
    return _configured(_job, sampled=False)


def plugin_without_sdk() -> Case:
    """The decorator in an application that never sets telemetry up."""
    return _plugin_in_job(_nothing)


def job_without_sdk() -> Case:
    """The decorator in an application that never sets telemetry up."""
    return _job(_nothing)


def _configured(measured: Callable[[Callable[[], object]], Case], *, sampled: bool = True) -> Case:
    from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON

    from otel_forgesyte import configure

    sampler = ALWAYS_ON if sampled else ALWAYS_OFF
    with configure(database=DATABASE, prometheus_port=0, sampler=sampler) as telemetry:
        return measured(telemetry.force_flush)


def _plugin_in_job(settle: Callable[[], object]) -> Case:
    from otel_forgesyte import constant, job, plugin

    observed = plugin(plugin=constant("work"), tool=constant("run"), device=constant("cpu"))(work)
    with job(job_id=constant("benchmark"), plugin=constant("benchmark")):
        return timed(lambda: observed(1), settle)


def _job(settle: Callable[[], object]) -> Case:
    from otel_forgesyte import constant, job

    observed = job(plugin=constant("work"), device=constant("cpu"))(work)
    return timed(lambda: observed(1), settle)


def frame_recorded() -> Case:
    """A frame with its number, drops and rate, under `configure()`, inside a job."""
    return _configured(_frame_in_job)


def _frame_in_job(settle: Callable[[], object]) -> Case:
    from otel_forgesyte import constant, frame, job

    numbers = itertools.count()

    def call() -> None:
        with frame(next(numbers), dropped=0, fps=30.0):
            work(1)

    with job(job_id=constant("benchmark"), plugin=constant("benchmark")):
        return timed(call, settle)


def span_per_frame() -> Case:
    """A leaf span with the same four facts. It is never made current, which is the cheaper way."""
    setup = hand_written_setup()
    numbers = itertools.count()

    def call() -> None:
        attributes: dict[str, str | int | float] = {
            "forgesyte.job.id": "benchmark",
            "forgesyte.frame.index": next(numbers),
            "forgesyte.frame.dropped": 0,
            "forgesyte.frame.rate": 30.0,
        }
        span = setup.tracer.start_span("frame", attributes=attributes)
        work(1)
        span.end()

    with setup.tracer.start_as_current_span("job benchmark"):
        figures = timed(call, setup.settle)
    setup.shutdown()
    return figures


def _nothing() -> None:
    """There is nothing to wait for."""

"""What the guard counts, one function for each process it starts; figures are `subject: figure`.

Everything goes the way it goes in an application: the real SDK, the real spool, the real database.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.guard_counting import held, system_calls, work_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.guard_process import Counts

_DATABASE = "guard.duckdb"
_WARM_UP = 50
_TIMES = 40
"""Calls in a round: all together fewer than the 512 spans at which the SDK's queue is woken up."""

_BATCHES = 16
_PART = 64
"""Spans of an export that is counted: so few that it seldom meets what is due by the clock."""

_BOUNDS_S = (0.001, 0.01, 0.1, 1.0, 10.0)


def decorated() -> Counts:
    """One `@plugin`, `@job` and `frame()` under `configure()`, on the thread that calls them."""
    from otel_forgesyte import configure, constant, frame, job, plugin

    run = plugin(plugin=constant("work"), tool=constant("run"), device=constant("cpu"))(_work)
    work = job(plugin=constant("work"), device=constant("cpu"))(_work)
    numbers = itertools.count()

    def draw() -> None:
        with frame(next(numbers), dropped=0, fps=30.0):
            _work(1)

    with (
        configure(database=_DATABASE, prometheus_port=0) as telemetry,
        job(job_id=constant("guard"), plugin=constant("guard")),
    ):
        counts = _per_call("@plugin", lambda: run(1))
        telemetry.force_flush()
        counts |= _per_call("@job", lambda: work(1))
        telemetry.force_flush()
        return counts | _per_call("frame()", draw)


def unconfigured() -> Counts:
    """One `@plugin` and `@job` in an application that never sets telemetry up."""
    from otel_forgesyte import constant, job, plugin

    run = plugin(plugin=constant("work"), tool=constant("run"), device=constant("cpu"))(_work)
    work = job(plugin=constant("work"), device=constant("cpu"))(_work)
    return _per_call("@plugin without SDK", lambda: run(1)) | _per_call(
        "@job without SDK", lambda: work(1)
    )


def unsampled() -> Counts:
    """One `@plugin` and `@job` that the host's sampler drops: their rows are made all the same."""
    from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

    from otel_forgesyte import configure, constant, job, plugin

    run = plugin(plugin=constant("work"), tool=constant("run"), device=constant("cpu"))(_work)
    work = job(plugin=constant("work"), device=constant("cpu"))(_work)
    with (
        configure(database=_DATABASE, sampler=ALWAYS_OFF) as telemetry,
        job(job_id=constant("guard"), plugin=constant("guard")),
    ):
        counts = _per_call("@plugin unsampled", lambda: run(1))
        telemetry.force_flush()
        return counts | _per_call("@job unsampled", lambda: work(1))


def exported() -> Counts:
    """`export()` of 512 spans into the spool, on the thread that exports."""
    from benchmarks.guard_spans import batches
    from benchmarks.spans import BATCH
    from otel_forgesyte_duckdb import DuckDBSpanExporter

    exporter = DuckDBSpanExporter(
        database=_DATABASE,
        drain="external",  # no thread of ours drains meanwhile, nor seals by the clock
        flush_interval_s=3_600.0,
        segment_bytes=1_000_000,
    )
    batch, *others = itertools.islice(batches(), _BATCHES)
    part = batch[:_PART]
    work = work_of(lambda: exporter.export(part))
    most = held(lambda: exporter.export(batch))
    before = _spooled()
    calls = system_calls(lambda: [exporter.export(each) for each in others])
    spans = BATCH * len(others)
    figures = {f"export() of a span: {name}": count / _PART for name, count in work.items()}
    figures["export() of a span: bytes in the spool"] = (_spooled() - before) / spans
    figures["export() of a span: bytes held at once"] = most / BATCH
    for name in ("open", "write", "fdatasync", "fsync", "rename"):
        figures[f"export() of {len(others)} batches: calls of {name}"] = calls[name]
    return figures


def scraped() -> Counts:
    """One page of `/metrics` with 100 histograms, collection included."""
    from opentelemetry.sdk.metrics import MeterProvider

    from otel_forgesyte_prometheus import PrometheusReader

    reader = PrometheusReader(scope_labels=False, target_info=False)
    histogram = (
        MeterProvider([reader])
        .get_meter("guard")
        .create_histogram("guard.duration", "s", "", explicit_bucket_boundaries_advisory=_BOUNDS_S)
    )
    for number in range(100):
        histogram.record(0.02, {"forgesyte.plugin.name": f"plugin-{number:03d}"})
    reader.page()
    work = work_of(reader.page)
    return {f"/metrics, 100 histograms: {name}": count for name, count in work.items()} | {
        "/metrics, 100 histograms: bytes": len(reader.page())
    }


def imported() -> Counts:
    """How many modules the first import brings along, and the first decorator."""
    before = set(sys.modules)
    import otel_forgesyte

    package = len(set(sys.modules) - before)
    for name in ("configure", "frame", "job", "plugin"):
        getattr(otel_forgesyte, name)  # loads its module
    return {
        "import otel_forgesyte: modules": package,
        "configure and the decorators: modules": len(set(sys.modules) - before),
    }


def _work(value: int) -> int:
    return value


def _per_call(what: str, call: Callable[[], object]) -> Counts:
    for _ in range(_WARM_UP):
        call()
    return {f"{what}: {name}": count for name, count in work_of(call, _TIMES).items()}


def _spooled() -> int:
    folder = Path(f"{_DATABASE}.spool")
    return sum(file.stat().st_size for file in folder.iterdir() if "-spans-" in file.name)

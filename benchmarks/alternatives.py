"""P14: the decorator against other libraries' decorators, each with a no-op destination.

Each side decorates the same function, calls it inside a span that is open already, and hands ended
spans to the SDK's batch processor. What a library keeps of arguments and results is switched off,
as ours keeps none; MLflow has no switch for it. Ours records its histogram besides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.no_op import counting_processor
from benchmarks.rows import Figure, Row
from benchmarks.spans import tracer_provider
from benchmarks.workload import BURSTS, CALLS, timed

if TYPE_CHECKING:
    from benchmarks.harness import Case


def _row(peer: str, what: str, must: float | None, aim: float | None) -> Row:
    return Row(
        key=f"P14 {peer}",
        what="@plugin, no-op destination",
        baseline_what=what,
        candidate=Figure("alternatives:ours", "thread_us"),
        baseline=Figure(f"peers.{peer}:decorated", "thread_us"),
        unit="µs",
        must=must,
        aim=aim,
    )


ROWS = (
    _row("logfire", "logfire.instrument, no-op destination", 0.5, 0.3),
    _row("mlflow", "mlflow.trace, no-op destination", 0.5, 0.3),
    _row("traceloop", "OpenLLMetry's @task, no-op destination", 0.5, 0.3),
    _row("autometrics", "@autometrics, which makes no span", None, None),
)


def ours() -> Case:
    """Spans to a host's own batch processor, the histogram to a reader for Prometheus."""
    from opentelemetry import trace

    from otel_forgesyte import configure, constant, job, plugin

    processor, check = counting_processor()
    provider = tracer_provider()
    provider.add_span_processor(processor)
    trace.set_tracer_provider(provider)
    observed = plugin(plugin=constant("work"), tool=constant("run"), device=constant("cpu"))(work)
    set_up = configure(
        traces_exporter="none",
        metrics_exporter="prometheus",
        logs_exporter="none",
        prometheus_port=0,
    )
    with set_up, job(job_id=constant("benchmark"), plugin=constant("benchmark")):
        figures = timed(lambda: observed(1), provider.force_flush)
        check((BURSTS + 1) * CALLS)
    return figures


def work(value: int) -> int:
    """As good as nothing: what is left is the price of observing it."""
    return value

"""MLflow's tracing package, sending to a collector whose client does nothing.

Sending OTLP is its cheapest way: its own store writes each trace as an artifact.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

from benchmarks.no_op import counting_exporter
from benchmarks.workload import BURSTS, CALLS, timed

if TYPE_CHECKING:
    from benchmarks.harness import Case


def decorated() -> Case:
    """A function under `mlflow.trace`, called inside a span."""
    counting, check = counting_exporter()

    def export(_: OTLPSpanExporter, spans: Any) -> Any:
        return counting.export(spans)

    # It lets nobody else bring an exporter: so the one that it makes is taken the network from.
    OTLPSpanExporter.export = export  # type: ignore[method-assign]
    os.environ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = "http://127.0.0.1:4318/v1/traces"
    os.environ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf"
    # A server, though nothing is sent there: its file store needs the whole of MLflow.
    os.environ["MLFLOW_TRACKING_URI"] = "http://127.0.0.1:5000"
    import mlflow
    from mlflow.tracing.provider import provider

    @mlflow.trace
    def work(value: int) -> int:
        return value

    with mlflow.start_span("benchmark"):
        figures = timed(lambda: work(1), lambda: provider.get().force_flush())
        check((BURSTS + 1) * CALLS)
    return figures

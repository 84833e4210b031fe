"""A small application that records the same things under every release, one part a process.

Only what every release has had is used here: the next ones run this file as it is. Times are fixed
wherever the API takes one, so that most answers can be written out in the tests.
"""

from __future__ import annotations

import json
import random
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry._logs import SeverityNumber, get_logger
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import Link, Status, StatusCode, set_span_in_context

from otel_forgesyte import (
    configure,
    constant,
    frame,
    job,
    open_reader,
    plugin,
    record_device,
    record_frame,
    record_job,
    record_plugin,
    report_device,
)

# 2026-01-02 03:04:05 UTC
T0 = 1_767_323_045_000_000_000
JOBS = ("done-1", "done-2", "failed-1", "running-1", "queued-1", "cancelled-1", "tree-1")


def at(seconds: float) -> int:
    return T0 + round(seconds * 1_000_000_000)


def record_history() -> None:
    """Jobs in every state, and what ran, was decided and drawn under two of them."""
    record_job(
        "done-1", plugin="faces", started_at=at(0), duration_s=2.0, device="gpu", enqueued_at=at(-1)
    )
    record_job("done-2", plugin="faces", started_at=at(10), duration_s=4.0, device="cpu")
    record_job(
        "failed-1", plugin="edges", started_at=at(20), duration_s=0.25, error=ValueError("no edge")
    )
    record_job("running-1", plugin="edges", status="running", started_at=at(30))
    record_job("queued-1", plugin="edges", status="queued", started_at=at(40))
    record_job("cancelled-1", plugin="edges", status="cancelled", started_at=at(50), duration_s=1)
    for number, duration_s in enumerate((0.1, 0.2, 0.3, 0.4)):
        record_plugin(
            "faces", job_id="done-1", tool="cascade", started_at=at(number), duration_s=duration_s
        )
    record_plugin(
        "edges",
        job_id="done-2",
        started_at=at(11),
        duration_s=0.05,
        soft_error="no contrast: größer",
    )
    record_plugin(
        "edges",
        job_id="failed-1",
        started_at=at(20),
        duration_s=0.25,
        error=ValueError("no edge"),
    )
    record_device("gpu", "gpu", job_id="done-1", plugin="faces", decided_at=at(0))
    record_device("gpu", "cpu", "out of memory", job_id="done-2", plugin="faces", decided_at=at(10))
    for index in range(3):
        record_frame(
            index,
            0.016 + index / 100,
            job_id="done-1",
            dropped=index,
            fps=30.0,
            plugin="faces",
            device="gpu",
            drawn_at=at(1 + index),
        )


@plugin(plugin=constant("faces"), tool=constant("cascade"))
def find_faces() -> dict[str, Any]:
    report_device("gpu", "cpu", "no driver")
    with frame(0):
        return {"success": False, "error": "no faces"}


def record_tree() -> None:
    """One decorated job with what third parties do below it: spans, events, links, logs."""
    log = get_logger("third.party", "1.2.3")
    tracer = trace.get_tracer(
        "third.party", "1.2.3", None, "https://example.org/schema", {"scope": 1}
    )
    elsewhere = trace.get_tracer("third.party").start_span("elsewhere", start_time=at(60))
    elsewhere.end(at(61))
    with job(job_id="tree-1", plugin="pipeline"):
        find_faces()
        link = Link(elsewhere.get_span_context(), {"why": "cause"})
        span = tracer.start_span(
            "SELECT", kind=trace.SpanKind.CLIENT, links=[link], attributes={"rows": [1, 2, 3]}
        )
        span.add_event("retry", {"attempt": 2, "ok": False, "wait": 0.5}, timestamp=at(62))
        span.set_status(Status(StatusCode.ERROR, "deadlock"))
        child = tracer.start_span("fetch", set_span_in_context(span))
        child.end()
        span.end()
        for body in ("plain text", {"nested": {"list": [1, 2.5, None, True]}}, ["a", "b"], 42):
            log.emit(
                timestamp=at(63),
                severity_number=SeverityNumber.WARN,
                severity_text="WARN",
                body=body,
                attributes={"body.kind": type(body).__name__},
            )


def _temperature(_: CallbackOptions) -> list[Observation]:
    return [Observation(21.5, {"room": "attic"})]


def record_metrics() -> None:
    """One instrument of every kind; the exponential histogram is one by the view below."""
    meter = metrics.get_meter("third.party", "1.2.3")
    meter.create_counter("requests", "{request}", "How many").add(3, {"route": "/a"})
    meter.create_up_down_counter("waiting").add(-2)
    meter.create_gauge("load").set(0.75)
    meter.create_observable_gauge("temperature", [_temperature], "Cel")
    for value in (0.0, 0.5, 7.0, 20_000.0):
        meter.create_histogram("size", "By").record(value)
        meter.create_histogram("exponential").record(value)


def lost() -> None:
    """Log records that no longer fit into the spool: one entry of the loss ledger."""
    with configure(traces_exporter="none", metrics_exporter="none"):
        for _ in range(3):
            get_logger("third.party").emit(body="lost" * 5_000, timestamp=at(70))


def stored() -> None:
    """Everything that the tests expect to find in the tables."""
    random.seed(1)  # the SDK takes its ids from here
    resource = Resource.create({"deployment.environment.name": "test", "service.instance.id": "1"})
    view = View(
        instrument_name="exponential", aggregation=ExponentialBucketHistogramAggregation(max_size=8)
    )
    metrics.set_meter_provider(MeterProvider(resource=resource, views=[view]))
    with configure(resource_attributes=dict(resource.attributes)) as telemetry:
        record_history()
        record_tree()
        record_metrics()
        telemetry.force_flush(20)


def waiting() -> None:
    """What an upgrade finds in the spool: a new job, and the end of the one that was running."""
    random.seed(2)
    with configure(metrics_exporter="none"):
        record_job("waiting-1", plugin="faces", started_at=at(100), duration_s=1.5, device="cpu")
        record_job("running-1", plugin="edges", started_at=at(30), duration_s=80.0)
        record_plugin("faces", job_id="waiting-1", started_at=at(100), duration_s=0.125)
        record_device("gpu", "cpu", "driver gone", job_id="waiting-1", decided_at=at(100))
        get_logger("third.party").emit(body={"waiting": True}, timestamp=at(101))


def answers() -> None:
    """What this release answers, as JSON on the output."""
    reader = open_reader()
    said: dict[str, Any] = {
        "job_summary": reader.job_summary().fetchall(),
        "avg_plugin_duration": reader.avg_plugin_duration().fetchall(),
        "overlay_performance": [reader.overlay_performance(each).fetchall() for each in JOBS],
        "device_usage_stats": reader.device_usage_stats().fetchall(),
        # Without the last column: the age grows.
        "running_jobs": [row[:-1] for row in reader.running_jobs().fetchall()],
        "jobs": [asdict(reader.job(each)) for each in JOBS],
    }
    json.dump(said, sys.stdout, default=str, indent=1, sort_keys=True)


if __name__ == "__main__":
    # Who ran this is nobody's business in a file that is published.
    import socket

    socket.gethostname = lambda: "host"
    sys.argv[0] = Path(sys.argv[0]).name
    {"lost": lost, "stored": stored, "waiting": waiting, "answers": answers}[sys.argv[1]]()

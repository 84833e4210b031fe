"""The demo's kinds of work, and none of its pictures: `python -m tests.monitoring.service FILE`.

With `demo` after the file, it is the demo itself, again and again.

Runs jobs until its standard input ends. Prints the address of its `/metrics` first. A line
`trouble` on its input makes it lose records, write one that cannot be stored, start a job that
hangs, and give an attribute too many values; `calm` ends the job.
"""

from __future__ import annotations

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from opentelemetry import metrics, trace

from otel_forgesyte import (
    Objective,
    configure,
    constant,
    device_fallback,
    frame,
    job,
    plugin,
    report_device,
)

if TYPE_CHECKING:
    from collections.abc import Callable

POISON = "poison"
PAUSE_S = 0.02
WAITED = timedelta(seconds=1)
THREADS = 4
BURST = 20_000
USERS = 2_100  # the SDK keeps 2,000 series of a metric apart


@plugin(plugin=constant("edges"), tool=constant("gradient"))
@device_fallback("gpu", "cpu")
def measure_edges(device: str) -> str:
    """Falls back at every call."""
    if device == "gpu":
        raise RuntimeError("no GPU in this machine")
    return device


@plugin(plugin=constant("faces"), tool=constant("cascade"))
def find_faces() -> dict[str, Any]:
    """Runs where it is asked to."""
    report_device(requested="cpu", used="cpu")
    return {"boxes": []}


@plugin(plugin=constant("print"), tool=constant("lines"))
def count_lines(number: int) -> dict[str, Any]:
    """Fails every other time, and says so in its result."""
    return {"success": False, "error": "no print"} if number % 2 else {"success": True}


@plugin(plugin=constant("overlay"), objective=Objective(fps=25))
def draw() -> None:
    """Three frames, a third of them dropped."""
    for index in range(3):
        with frame(index, dropped=1 if index == 2 else 0, fps=20.0):
            time.sleep(0.001)


class Request(NamedTuple):
    """What a client submitted a second ago."""

    job_id: str
    number: int
    submitted_at: datetime


@job(
    job_id="request.job_id",
    enqueued_at="request.submitted_at",
    objective=Objective(success=0.999, within_s=2.5),
)
def photo_report(request: Request) -> None:
    """Ends well."""
    find_faces()
    measure_edges("gpu")
    count_lines(request.number)


@job(job_id="request.job_id")
def broken_upload(request: Request) -> None:
    """Ends with an exception, raised in a plugin."""
    with plugin(plugin="decoder", tool="pillow"):
        raise OSError(f"image {request.number} is truncated")


@job(job_id="request.job_id")
def live_view(request: Request) -> int:
    """Draws."""
    draw()
    return request.number


@job
def hanging(until: threading.Event) -> None:
    """Does not end by itself."""
    until.wait()


def spoilt(record: dict[str, Any]) -> dict[str, Any]:
    """A record that the database refuses, where its name says so."""
    return {**record, "flags": -1} if record.get("name") == POISON else record


def work(number: int) -> None:
    """One round of every kind of job."""
    submitted_at = datetime.now(timezone.utc) - WAITED
    photo_report(Request(f"photo-{number}", number, submitted_at))
    live_view(Request(f"live-{number}", number, submitted_at))
    try:
        broken_upload(Request(f"broken-{number}", number, submitted_at))
    except OSError:
        return


def make_trouble(ended: threading.Event) -> None:
    """A job that hangs, a record that cannot be stored, more of everything than there is room."""
    threading.Thread(target=hanging, args=(ended,), daemon=True).start()
    tracer = trace.get_tracer("trouble")
    tracer.start_span(POISON).end()
    orders = metrics.get_meter("shop").create_counter("shop.orders", description="Orders taken")
    for user in range(USERS):
        orders.add(1, {"user.id": str(user)})
    for _ in range(BURST):
        tracer.start_span("one of too many").end()


def test_and_ci_spans() -> None:
    """What a test runner and a CI runner send, with OpenTelemetry's attributes."""
    tracer = trace.get_tracer("runner")
    for number, status in enumerate(("pass", "fail", "pass")):
        attributes = {"test.suite.name": "suite", "test.case.name": f"case {number % 2}"}
        tracer.start_span(
            "test", attributes={**attributes, "test.case.result.status": status}
        ).end()
    attributes = {"cicd.pipeline.name": "build", "cicd.pipeline.result": "success"}
    tracer.start_span("run", attributes=attributes).end()


def demo(number: int) -> None:
    """Everything that the demo's clients submit, and no failure of theirs."""
    from otel_forgesyte.demo.submissions import submissions

    del number
    with TemporaryDirectory() as folder, ThreadPoolExecutor(THREADS) as workers:
        for submission in submissions(Path(folder)):
            workers.submit(submission.serve, submission.request)


def main(database: str, one_round: Callable[[int], None]) -> None:
    """Work until standard input ends."""
    ended, hung = threading.Event(), threading.Event()
    with configure(
        database=database, prometheus_port=0, service_name="studio", redact=spoilt
    ) as telemetry:
        test_and_ci_spans()
        worker = threading.Thread(target=_keep_working, args=(one_round, ended))
        worker.start()
        sys.stdout.write(f"{telemetry.status().prometheus_url}\n")
        sys.stdout.flush()
        for line in sys.stdin:
            if line.strip() == "trouble":
                make_trouble(hung)
            elif line.strip() == "calm":
                hung.set()
        ended.set()
        hung.set()
        worker.join()


def _keep_working(one_round: Callable[[int], None], ended: threading.Event) -> None:
    number = 0
    while not ended.wait(PAUSE_S):
        one_round(number)
        number += 1


if __name__ == "__main__":
    main(sys.argv[1], demo if sys.argv[2:] == ["demo"] else work)

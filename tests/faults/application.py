"""An application that does what it is told, a line at a time, and answers each with a line of JSON.

python -m tests.faults.application DATABASE JOURNALS
"""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from otel_forgesyte import configure, frame, job, plugin
from otel_forgesyte.telemetry import failures
from tests.soak.journal import observe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.sdk.trace import ReadableSpan

    from otel_forgesyte.setup.handle import Telemetry
    from tests.soak.journal import Journal


@plugin
def look(picture: object) -> dict[str, object]:
    return {"success": True, "picture": picture}


@job
def work(job_id: str, picture: object = None) -> None:  # noqa: ARG001 - the decorator reads it
    look(picture)
    with frame(0):
        pass


class Raising(SpanExporter):
    """A host's own exporter, broken."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:  # noqa: ARG002
        raise OSError("gone")


class Failing(SpanExporter):
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:  # noqa: ARG002
        return SpanExportResult.FAILURE


class Hanging(SpanExporter):
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:  # noqa: ARG002
        time.sleep(3_600)
        return SpanExportResult.FAILURE


def in_a_child(folder: str, database: str) -> None:
    if not _journals:
        _journals.append(observe(Path(folder)))
    configure(database=database)
    keys = [f"pool-{os.getpid()}-{time.monotonic_ns()}-{number}" for number in range(5)]
    for key in keys:
        work(key)
    _journals[0].tell("calls", keys, [])


class Told:
    """One method for each thing it can be told."""

    def __init__(self, database: str, folder: str, journal: Journal) -> None:
        self.database = database
        self.folder = folder
        self.journal = journal
        self.telemetry: Telemetry = configure(database=database)
        self.number = 0
        self.held: list[int] = []

    def jobs(self, count: str) -> float:
        """Calls; the answer is how long the slowest took."""
        slowest = 0.0
        keys: list[str] = []
        for _ in range(int(count)):
            self.number += 1
            keys.append(f"{os.getpid()}-{self.number:06d}")
            began = time.perf_counter()
            work(keys[-1])
            slowest = max(slowest, time.perf_counter() - began)
        self.journal.tell("calls", keys, [])
        return slowest

    def on_and_on(self) -> None:
        """Calls for ever, telling each with its time."""
        while True:
            self.jobs("1")
            self.journal.tell("at", f"{os.getpid()}-{self.number:06d}", time.time())
            time.sleep(0.002)

    def leave(self) -> None:
        """Goes without a word to anybody."""
        os._exit(0)

    def flush(self, seconds: str = "10") -> bool:
        return self.telemetry.force_flush(float(seconds) * 1_000)

    def status(self) -> list[str]:
        return [part.name for part in self.telemetry.status().parts if not part.works]

    def shutdown(self, times: str = "1") -> list[bool]:
        return [self.telemetry.shutdown() for _ in range(int(times))]

    def configure(self) -> bool:
        again = configure(database=self.database)
        same = again is self.telemetry
        self.telemetry = again
        return same

    def fork(self, count: str) -> list[int]:
        """Forks children that work; the answer is how each ended."""
        children: list[int] = []
        for number in range(int(count)):
            self.jobs("20")
            child = os.fork()
            if child == 0:
                self.number = 0
                self.jobs("20")
                if number % 2:
                    self.telemetry.shutdown()
                os._exit(0)
            children.append(child)
        return [os.waitpid(child, 0)[1] for child in children]

    def pool(self, method: str) -> bool:
        """Works in children of `multiprocessing`, in a pool and in a process alone."""
        context: Any = multiprocessing.get_context(method)  # its classes have no common type
        with ProcessPoolExecutor(2, mp_context=context) as workers:
            list(workers.map(in_a_child, [self.folder] * 4, [self.database] * 4))
        process = context.Process(target=in_a_child, args=(self.folder, self.database))
        process.start()
        process.join(60)
        return bool(process.exitcode == 0)

    def no_more_files(self) -> int:
        """Uses up every file descriptor."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 256), hard))
        try:
            while True:
                self.held.append(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            return len(self.held)

    def files_again(self) -> None:
        while self.held:
            os.close(self.held.pop())

    def clock_back(self, seconds: str) -> None:
        """Sets the clocks that Python asks for the time of day, for this process alone."""
        nanoseconds, fraction = time.time_ns, time.time
        time.time_ns = lambda: nanoseconds() - int(seconds) * 1_000_000_000
        time.time = lambda: fraction() - int(seconds)

    def poison(self) -> None:
        """Calls with what serialisers choke on."""
        worst: list[Any] = [float("nan"), 2**70, "\ud800", "nul \0", "x" * 20_000_000, _Mute()]
        for picture in worst:
            self.number += 1
            work(f"{os.getpid()}-{self.number:06d}", picture)
        late = 2**63 + 5
        trace.get_tracer("t").start_span("late", start_time=late).end(late)

    def memory(self) -> int:
        """The most it has ever had, in bytes."""
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1_024

    def spans(self, count: str) -> float:
        """Plain spans, as fast as it goes; the answer is how long that took."""
        tracer = trace.get_tracer("flood")
        began = time.perf_counter()
        for _ in range(int(count)):
            tracer.start_span("s").end()
        return time.perf_counter() - began


class _Mute:
    def __repr__(self) -> str:
        raise RuntimeError("no words")


def hosts_exporter(name: str) -> None:
    """Does as a host with a set-up of its own."""
    provider = TracerProvider()
    broken = {"raising": Raising, "failing": Failing, "hanging": Hanging}[name]
    provider.add_span_processor(BatchSpanProcessor(broken()))
    trace.set_tracer_provider(provider)


def main(database: str, folder: str) -> None:
    journal = observe(Path(folder))
    _journals.append(journal)
    if host := os.environ.get("HOST_EXPORTER"):
        hosts_exporter(host)
    told = Told(database, folder, journal)
    for line in sys.stdin:
        word, *rest = line.split()
        if word == "end":
            break
        answer = getattr(told, word)(*rest)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    told.telemetry.shutdown()
    if failures():
        journal.tell("trouble", failures())
    journal.tell("end")
    if host == "hanging":
        os._exit(0)  # the host's own exporter would keep the SDK waiting


_journals: list[Journal] = []

if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])

"""Writers and readers around one `otel-forgesyte serve` that is killed: all stored, nothing twice.

Four processes write 120,000 spans to the spool and never open DuckDB; two threads ask over quack
all the while; the server, and the process that holds the file for it, are killed and started again.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from otel_forgesyte.reading import Reader, ServerUnreachable, open_reader
from otel_forgesyte_duckdb.extensions import load_extension
from otel_forgesyte_schema.errors import ConfigError
from tests.waiting import free_port

WRITERS = 4
SPANS_EACH = 30_000
BATCH = 500
READERS = 2
_TOKEN = "scenario-token"  # noqa: S105 - of this run alone
_ASK = "SELECT count(*), count(DISTINCT span_id) FROM otel.spans"
_DEADLINE_S = 120.0
_WRITER = """
import sys, time
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult
from otel_forgesyte_duckdb import DuckDBSpanExporter
database, spans, batch = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
exporter = DuckDBSpanExporter(database=database, drain="external", flush_interval_s=0.2)
tracer = TracerProvider(shutdown_on_exit=False).get_tracer("writer")
accepted = 0
for _ in range(spans // batch):
    ended = []
    for number in range(batch):
        span = tracer.start_span("work", attributes={"number": number})
        span.end()
        ended.append(span)
    accepted += batch * (exporter.export(ended) is SpanExportResult.SUCCESS)
    time.sleep(0.2)
exporter.shutdown()
assert "duckdb" not in sys.modules
print(accepted)
"""


def run() -> int:
    """Print what was counted; 1 where it does not add up, 2 where quack is not installed."""
    if why := missing():
        sys.stderr.write(f"{why}\n")
        return 2
    with tempfile.TemporaryDirectory(prefix="quack-scenario-") as folder:
        return _run(Path(folder) / "telemetry.duckdb", free_port())


def missing() -> str:
    """Return why quack cannot be had here, or nothing."""
    import duckdb

    try:
        with duckdb.connect() as connection:
            for name in ("quack", "httpfs"):
                load_extension(connection, name)
    except ConfigError as error:
        return str(error)
    return ""


def _run(database: Path, port: int) -> int:
    os.environ["OTEL_EXPORTER_DUCKDB_TOKEN"] = _TOKEN
    asking = Asking(f"quack:127.0.0.1:{port}")
    with contextlib.ExitStack() as running:
        server = _serve(database, port, running)
        running.callback(asking.stop)
        asking.start()
        writers = [_writer(database) for _ in range(WRITERS)]
        time.sleep(3)
        server.kill()
        server.wait()
        server = _serve(database, port, running)
        time.sleep(1)
        os.kill(_holder(server.pid), signal.SIGKILL)
        accepted = sum(int(writer.communicate()[0]) for writer in writers)
        stored, distinct = _settled(asking.reader, accepted)
        asking.stop()
        server.terminate()
        ended = server.wait(30)
    left = len(list(Path(f"{database}.spool").glob("*.seg")))
    print(f"accepted {accepted}, stored {stored}, duplicates {stored - distinct}")  # noqa: T201
    print(  # noqa: T201
        f"answers during the run {asking.answers}, of them {asking.different} different counts; "
        f"without an answer within five seconds {asking.unanswered}; segments left {left}"
    )
    agrees = stored == distinct == accepted == WRITERS * SPANS_EACH
    return 0 if agrees and asking.different > READERS and not left and not ended else 1


class Asking:
    """Threads that ask until they are stopped, and count their answers."""

    def __init__(self, uri: str) -> None:
        self.reader: Reader = open_reader(uri)
        self.answers = self.unanswered = 0
        self._seen: set[int] = set()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(READERS)]

    @property
    def different(self) -> int:
        """How many different counts were seen."""
        return len(self._seen)

    def start(self) -> None:
        """Begin to ask."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ask no more."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        while not self._stopping.wait(0.05):
            try:
                [[count, _]] = self.reader.sql(_ASK).fetchall()
            except ServerUnreachable:  # noqa: PERF203 - a loop of questions
                self.unanswered += 1
            else:
                self.answers += 1
                self._seen.add(count)


def _settled(reader: Reader, accepted: int) -> tuple[int, int]:
    deadline = time.monotonic() + _DEADLINE_S
    while True:
        [[stored, distinct]] = reader.sql(_ASK).fetchall()
        if stored >= accepted or time.monotonic() >= deadline:
            return stored, distinct
        time.sleep(0.2)


def _serve(database: Path, port: int, running: contextlib.ExitStack) -> subprocess.Popen[str]:
    start = "from otel_forgesyte.cli import main; main()"
    options = ["--database", str(database), "--otlp-port", "0", "--quack", f"127.0.0.1:{port}"]
    process = subprocess.Popen(
        [sys.executable, "-c", start, "serve", *options], stdout=subprocess.PIPE, text=True
    )
    running.callback(process.kill)
    for line in process.stdout or ():
        if line.startswith("SQL at "):
            return process
    raise RuntimeError("the server did not start")


def _holder(server: int) -> int:
    found = subprocess.run(["pgrep", "-P", str(server)], capture_output=True, text=True, check=True)
    return int(found.stdout.split()[0])


def _writer(database: Path) -> subprocess.Popen[str]:
    arguments = [str(database), str(SPANS_EACH), str(BATCH)]
    return subprocess.Popen(
        [sys.executable, "-c", _WRITER, *arguments], stdout=subprocess.PIPE, text=True
    )

"""Processes that write over OTLP/HTTP at once: what was answered with 200 is what is stored.

    python -m tests.scenarios otlp

It starts `otel-forgesyte serve` on a new database and six processes that send 20,000 records each:
spans, metric points and log records, in binary and in gzipped JSON. Exit code 1 when the counts
differ, or a client was refused something for good.
"""

from __future__ import annotations

import base64
import gzip
import http.client
import json
import multiprocessing
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_forgesyte_duckdb import Settings, drain, reading, store_status

WRITERS = 6
BATCHES = 40
BATCH = 500
_SIGNALS = ("traces", "metrics", "logs")
_TABLES = {"traces": "otel.spans", "metrics": "otel.metric_points", "logs": "otel.logs"}
_COMMAND = "from otel_forgesyte.cli import main; main()"
_OPTIONS = ("--otlp-port", "0", "--quack", "off")
_TRIES = 20


def run() -> int:
    """Run it and print what was counted; 0 where everything agrees."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "telemetry.duckdb"
        server = subprocess.Popen(
            [sys.executable, "-c", _COMMAND, "serve", "-d", str(database), *_OPTIONS],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            accepted, seconds = _send(_port(server))
            _tell_cost(server.pid, sum(accepted.values()))
        finally:
            server.terminate()
            code = server.wait(60)
        return _judged(database, accepted, seconds, code)


def _tell_cost(pid: int, records: int) -> None:
    """Print the processor time that receiving and draining took so far: other load adds little."""
    used = psutil.Process(pid).cpu_times()
    each = (used.user + used.system) / max(1, records)
    sys.stdout.write(f"serve used {1e6 * each:.0f} µs of processor time a record\n")


def _port(server: subprocess.Popen[str]) -> int:
    for line in server.stdout or ():
        if line.startswith("OTLP/HTTP"):
            return int(line.rpartition(":")[2])
    raise SystemExit("serve did not start")


def _send(port: int) -> tuple[dict[str, int], float]:
    """Let all writers send; return what they were told is accepted, and how long it took."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(WRITERS) as pool:
        pool.map(_warm, range(WRITERS))
        began = time.monotonic()
        counts = pool.starmap(_write, [(port, writer) for writer in range(WRITERS)], chunksize=1)
        seconds = time.monotonic() - began
    return {signal: sum(count[signal] for count in counts) for signal in _SIGNALS}, seconds


def _warm(writer: int) -> int:
    return writer


def _write(port: int, writer: int) -> dict[str, int]:
    """Send all batches of one writer; even writers in binary, odd ones in gzipped JSON."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    accepted: dict[str, int] = dict.fromkeys(_SIGNALS, 0)
    for number in range(BATCHES):
        signal = _SIGNALS[number % 3]
        body, headers = _encoded(_batch(signal, writer, number), in_json=bool(writer % 2))
        if _is_accepted(connection, f"/v1/{signal}", body, headers):
            accepted[signal] += BATCH
    connection.close()
    return accepted


def _is_accepted(
    connection: http.client.HTTPConnection, path: str, body: bytes, headers: dict[str, str]
) -> bool:
    for _ in range(_TRIES):
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        content = response.read()
        if response.status == 200:
            return content in {b"", b"{}"}  # anything else tells of records rejected
        time.sleep(float(response.headers.get("Retry-After", 1)))
    return False


def _batch(signal: str, writer: int, number: int) -> Any:
    if signal == "traces":
        return _spans(writer)
    return _points(writer, number) if signal == "metrics" else _logs(writer)


def _spans(writer: int) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    _attribute(resource.resource.attributes.add(), "service.name", f"writer {writer}")
    spans = resource.scope_spans.add().spans
    now = time.time_ns()
    for index in range(BATCH):
        span = spans.add(
            trace_id=secrets.token_bytes(16), span_id=secrets.token_bytes(8), name="work", kind=2,
            start_time_unix_nano=now, end_time_unix_nano=now + index,
        )  # fmt: skip
        for key in range(8):
            _attribute(span.attributes.add(), f"key {key}", f"value {index}")
    return request


def _points(writer: int, number: int) -> ExportMetricsServiceRequest:
    request = ExportMetricsServiceRequest()
    resource = request.resource_metrics.add()
    _attribute(resource.resource.attributes.add(), "service.name", f"writer {writer}")
    metric = resource.scope_metrics.add().metrics.add(name="work.size")
    for index in range(BATCH):
        point = metric.gauge.data_points.add(time_unix_nano=time.time_ns(), as_int=number)
        _attribute(point.attributes.add(), "index", str(index))
    return request


def _logs(writer: int) -> ExportLogsServiceRequest:
    request = ExportLogsServiceRequest()
    resource = request.resource_logs.add()
    _attribute(resource.resource.attributes.add(), "service.name", f"writer {writer}")
    records = resource.scope_logs.add().log_records
    for index in range(BATCH):
        record = records.add(time_unix_nano=time.time_ns(), severity_number=9)
        record.body.string_value = f"line {index}"
    return request


def _attribute(pair: Any, key: str, value: str) -> None:
    pair.key, pair.value.string_value = key, value


def _encoded(request: Any, *, in_json: bool) -> tuple[bytes, dict[str, str]]:
    if not in_json:
        return request.SerializeToString(), {"Content-Type": "application/x-protobuf"}
    content = json_format.MessageToDict(request, use_integers_for_enums=True)
    _ids_to_hex(content)
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    return gzip.compress(json.dumps(content).encode(), 1), headers


def _ids_to_hex(content: dict[str, Any]) -> None:
    for resource in content.get("resourceSpans", ()):
        for span in resource["scopeSpans"][0]["spans"]:
            for name in ("traceId", "spanId"):
                span[name] = base64.b64decode(span[name]).hex()


def _judged(database: Path, accepted: dict[str, int], seconds: float, code: int) -> int:
    settings = Settings.resolve(database=database)
    drain(settings)
    status = store_status(settings)
    with reading(database) as connection:
        stored = {
            signal: connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
            for signal, table in _TABLES.items()
        }
    everything = WRITERS * BATCHES * BATCH
    total = sum(accepted.values())
    left = f"set aside {status.dead_lines}, dropped {status.dropped}"
    lines = [
        f"{WRITERS} writers, {total} records in {seconds:.1f} s: {total / seconds:.0f} a second",
        *(f"{signal}: accepted {accepted[signal]}, stored {stored[signal]}" for signal in _SIGNALS),
        f"spooled {status.spooled_lines}, {left}, serve ended with {code}",
    ]
    agreed = accepted == stored and total == everything and code == 0
    lines.append("every record accepted is stored once" if agreed else "NOT EQUAL")
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if agreed else 1

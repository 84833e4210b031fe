"""What the exporters say of themselves at `/metrics`, in the database, and to a host's reader."""

from __future__ import annotations

import json
from pathlib import Path

from otel_forgesyte import semconv
from otel_forgesyte_duckdb import instruments
from tests.setup.conftest import RunProgram
from tests.setup.stored import rows

# A queue of 512 for 20,000 spans, and a spool that has room for a part of what passes it.
FLOOD = """
import json, time, urllib.request
from collections import Counter
from opentelemetry import trace
from prometheus_client.parser import text_string_to_metric_families
from otel_forgesyte import configure

telemetry = configure(metrics_exporter="duckdb,prometheus", prometheus_port=0)
tracer = trace.get_tracer("flood")
for _ in range(20_000):
    tracer.start_span("s", attributes={"padding": "x" * 100}).end()
telemetry.force_flush(2_000)
page = urllib.request.urlopen(telemetry.status().prometheus_url).read().decode()
found = Counter()
for family in text_string_to_metric_families(page):
    for sample in family.samples:
        if "Span" in sample.labels.get("otel_component_type", ""):
            found[f"{sample.name} {sample.labels.get('error_type', '')}"] += int(sample.value)
print(json.dumps(found))
telemetry.shutdown()
"""


def test_what_is_accepted_in_a_flood_is_exported_or_dropped(run_program: RunProgram) -> None:
    finished = run_program(
        "-c",
        FLOOD,
        OTEL_BSP_MAX_QUEUE_SIZE="512",
        OTEL_EXPORTER_DUCKDB_SPOOL_MAX_BYTES="1000000",
        OTEL_EXPORTER_DUCKDB_DRAIN="external",
    )
    assert finished.returncode == 0, finished.stderr
    found = json.loads(finished.stdout)
    of = "otel_sdk_exporter_span_exported_total"
    assert found["forgesyte_records_accepted_total "] == 20_000
    dropped = {
        name.partition(" ")[2]: count
        for name, count in found.items()
        if name.startswith("forgesyte_records_dropped_total")
    }
    assert set(dropped) == {"queue_full", "spool_full"}
    assert found[f"{of} "] + sum(dropped.values()) == 20_000
    assert found[f"{of} spool_full"] == dropped["spool_full"]
    processed = "otel_sdk_processor_span_processed_total"
    assert found[f"{processed} queue_full"] == dropped["queue_full"]
    assert found[f"{processed} "] == 20_000 - dropped["queue_full"]
    assert found["otel_sdk_exporter_span_inflight "] == 0
    assert found["otel_sdk_processor_span_queue_capacity "] == 512


STORE = """
import time
from opentelemetry import trace
from otel_forgesyte import configure

with configure() as telemetry:
    trace.get_tracer("t").start_span("s").end()
    telemetry.force_flush()
"""


def test_the_database_has_the_same_numbers_without_being_asked(
    run_program: RunProgram, tmp_path: Path
) -> None:
    finished = run_program("-c", STORE)
    assert finished.returncode == 0, finished.stderr
    database = tmp_path / "telemetry.duckdb"
    [[exported]] = rows(
        database,
        "SELECT sum(int_value) FROM otel.metric_points"
        " WHERE name = 'otel.sdk.exporter.span.exported'",
    )
    assert exported == 1
    found = rows(
        database,
        "SELECT DISTINCT name, unit FROM otel.metric_points"
        " WHERE name LIKE 'forgesyte.%' ORDER BY name",
    )
    assert found == [
        ("forgesyte.dead_letters", "{record}"),
        ("forgesyte.drain.duration", "s"),
        ("forgesyte.records.accepted", "{record}"),
        ("forgesyte.spool.oldest.age", "s"),
        ("forgesyte.spool.records", "{record}"),
        ("forgesyte.spool.size", "By"),
    ]


FORK = """
import json, os, re, sys
from opentelemetry import trace
from otel_forgesyte import configure

def accepted(reader):
    page = reader.page().decode()
    pattern = r'forgesyte_records_accepted_total[{].*DuckDBSpanExporter/([0-9]+)".*[}] ([0-9]+)'
    return re.findall(pattern, page)

telemetry = configure(metrics_exporter="duckdb,prometheus", prometheus_port=0)
tracer = trace.get_tracer("t")
for _ in range(100):
    tracer.start_span("s").end()
telemetry.force_flush()
before = accepted(telemetry.prometheus_reader)
child = os.fork()
if not child:
    for _ in range(5):
        tracer.start_span("s").end()
    telemetry.force_flush()
    print(json.dumps(accepted(telemetry.prometheus_reader)), flush=True)
    telemetry.shutdown()
    os._exit(0)
os.waitpid(child, 0)
print(json.dumps([before, accepted(telemetry.prometheus_reader)]))
telemetry.shutdown()
"""


def test_a_forked_child_reports_its_own_numbers(run_program: RunProgram, tmp_path: Path) -> None:
    finished = run_program("-W", "ignore::DeprecationWarning", "-c", FORK)
    assert finished.returncode == 0, finished.stderr
    child, parent = map(json.loads, finished.stdout.splitlines())
    assert parent == [[["0", "100"]], [["0", "100"]]]
    assert child == [["1", "5"]]
    [[negative]] = rows(
        tmp_path / "telemetry.duckdb",
        "SELECT count(*) FROM otel.metric_points WHERE coalesce(int_value, double_value) < 0",
    )
    assert negative == 0


HOST = """
import json
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from otel_forgesyte import configure

reader = InMemoryMetricReader()
metrics.set_meter_provider(MeterProvider([reader]))

def counters():
    data = reader.get_metrics_data()
    return sorted(
        metric.name
        for resource in (data.resource_metrics if data else [])
        for scope in resource.scope_metrics
        if scope.scope.name == "otel_forgesyte_duckdb"
        for metric in scope.metrics
        if not metric.name.endswith(".duration")
    )

for _ in range(2):
    telemetry = configure(metrics_exporter="none")
    print(json.dumps(counters()))
    telemetry.shutdown()
    print(json.dumps(counters()))
"""


def test_after_the_shutdown_a_host_hears_no_more_of_them(run_program: RunProgram) -> None:
    finished = run_program("-c", HOST)
    assert finished.returncode == 0, finished.stderr
    assert "overlapping" not in finished.stderr
    first, after_first, second, after_second = map(json.loads, finished.stdout.splitlines())
    assert "otel.sdk.exporter.span.exported" in first
    assert second == first
    assert (after_first, after_second) == ([], [])


def test_the_names_that_the_exporter_writes_out_are_those_of_the_registry() -> None:
    for made in instruments.OURS:
        constant = f"METRIC_{made.name.replace('.', '_').upper()}"
        registered = getattr(semconv, constant)
        assert (made.name, made.kind, made.unit, made.description, made.bounds) == (
            registered.name,
            registered.kind,
            registered.unit,
            registered.description,
            registered.bounds,
        )

"""`configure()` with a metrics page: its door, the job behind an exemplar, and what exploded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.setup.stored import rows

if TYPE_CHECKING:
    from pathlib import Path

    from tests.setup.conftest import RunProgram

ASK = """
import asyncio, json, re, urllib.error, urllib.request
from otel_forgesyte import configure, job, plugin
from otel_forgesyte_prometheus import make_asgi_app

def ask(telemetry, path="", **headers):
    url = telemetry.status().prometheus_url + path
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as reply:
        return reply.read().decode()
"""


def _said(run_program: RunProgram, program: str, **environment: str) -> Any:
    finished = run_program("-c", ASK + program, **environment)
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


def test_an_exemplar_leads_to_its_trace_and_its_job(
    run_program: RunProgram, tmp_path: Path
) -> None:
    program = """
with configure(prometheus_port=0) as telemetry:
    for number in range(3):
        with job(job_id=f"job-{number}", plugin=f"p{number}"):
            with plugin(plugin="inner", tool=f"t{number}"):
                pass
    page = ask(telemetry, "/job", Accept="application/openmetrics-text")
    plugins = ask(telemetry, "/plugin", Accept="application/openmetrics-text")
found = r'_name="(\\w+)".* # {trace_id="(\\w{32})",span_id="(\\w{16})",job_id="([^"]+)"}'
print(json.dumps([re.findall(found, page), re.findall(r't(\\d)".* # .*job_id="([^"]+)"', plugins)]))
"""
    jobs, plugins = _said(run_program, program)
    assert sorted((name, job) for name, _, _, job in jobs) == [
        ("p0", "job-0"),
        ("p1", "job-1"),
        ("p2", "job-2"),
    ]
    assert sorted(plugins) == [["0", "job-0"], ["1", "job-1"], ["2", "job-2"]]
    # And that is where the database has it.
    stored = rows(
        tmp_path / "telemetry.duckdb",
        "SELECT replace(trace_id::VARCHAR, '-', ''), attributes ->> '$.\"forgesyte.job.id\"'"
        " FROM otel.spans WHERE name LIKE 'job %'",
    )
    assert {(trace, job) for _, trace, _, job in jobs} == {tuple(row) for row in stored}


def test_exemplars_of_long_ids_keep_to_the_length_of_openmetrics(run_program: RunProgram) -> None:
    program = """
with configure(prometheus_port=0) as telemetry:
    with job(job_id="x" * 200, plugin="p"):
        pass
    print(json.dumps(ask(telemetry, Accept="application/openmetrics-text")))
"""
    page = str(_said(run_program, program))
    assert "# {trace_id=" in page
    assert "job_id" not in page


def test_the_words_of_the_domain_are_parts_of_the_page(run_program: RunProgram) -> None:
    program = """
from otel_forgesyte import frame, record_job, report_device
import time
with configure(prometheus_port=0) as telemetry:
    record_job("j", plugin="p", enqueued_at=time.time() - 1)
    with job(job_id="k", plugin="p"), plugin(plugin="q"):
        report_device("gpu", "cpu", "none here")
        with frame(0):
            pass
    told = {}
    for part in ("job", "plugin", "device", "overlay", "queue", "elsewhere"):
        told[part] = sorted(re.findall(r"# TYPE (\\w+)", ask(telemetry, f"/{part}")))
print(json.dumps(told))
"""
    told: dict[str, list[str]] = _said(run_program, program)
    queues = [name for name in told["queue"] if name.startswith("otel_sdk_processor_")]
    assert set(told["queue"]) - set(queues) == {
        "forgesyte_job_queue_duration_seconds",
        "target_info",
    }
    assert {"forgesyte_job_duration_seconds", "forgesyte_job_active"} <= set(told["job"])
    assert all("_job_" in name or name == "target_info" for name in told["job"])
    assert told["plugin"] == ["forgesyte_plugin_execution_duration_seconds", "target_info"]
    assert told["device"] == ["forgesyte_device_fallbacks_total", "target_info"]
    assert "forgesyte_overlay_render_duration_seconds" in told["overlay"]
    assert told["elsewhere"] == ["target_info"]


def test_a_token_is_asked_for_on_the_port_and_wherever_the_reader_is_mounted(
    run_program: RunProgram, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("s3cret-word")
    program = """
def mounted(telemetry, *headers):
    sent = []
    async def send(message): sent.append(message)
    scope = {"type": "http", "method": "GET", "path": "/metrics", "headers": headers}
    asyncio.run(make_asgi_app(telemetry.prometheus_reader)(scope, None, send))
    return sent[0]["status"]

with configure(prometheus_port=0, prometheus_token_file="token") as telemetry:
    try:
        ask(telemetry)
    except urllib.error.HTTPError as error:
        refused = error.code
    bearer = "Bearer s3cret-word"
    page = ask(telemetry, Authorization=bearer)
    told = [mounted(telemetry), mounted(telemetry, (b"authorization", bearer.encode()))]
    print(json.dumps([refused, "target_info" in page, told, repr(telemetry.status())]))
"""
    refused, page, told, status = _said(run_program, program)
    assert (refused, page, told) == (401, True, [401, 200])
    assert "s3cret" not in status


def test_a_web_configuration_that_is_wrong_costs_the_page_and_nothing_else(
    run_program: RunProgram, tmp_path: Path
) -> None:
    (tmp_path / "web.yml").write_text("basic_auth_users: {alice: hunter2}")
    program = """
with configure(prometheus_port=0) as telemetry:
    with job(job_id="j", plugin="p"):
        pass
    status = telemetry.status()
    sent = []
    async def send(message): sent.append(message)
    scope = {"type": "http", "method": "GET", "path": "/metrics", "headers": []}
    asyncio.run(make_asgi_app(telemetry.prometheus_reader)(scope, None, send))
    failed = [part.name for part in status.parts if not part.works]
    print(json.dumps([status.prometheus_url, failed, sent[0]["status"]]))
"""
    finished = run_program(
        "-c", ASK + program, OTEL_EXPORTER_PROMETHEUS_WEB_CONFIG_FILE=str(tmp_path / "web.yml")
    )
    assert json.loads(finished.stdout) == [None, ["metrics: prometheus"], 401]
    assert finished.stderr.count("is no bcrypt hash") == 1
    assert "hunter2" not in finished.stderr
    stored = rows(tmp_path / "telemetry.duckdb", "SELECT job_id FROM job_metrics")
    assert stored == [("j",)]


def test_what_exploded_is_a_metric_and_doctor_names_it(run_program: RunProgram) -> None:
    program = """
from opentelemetry import metrics
with configure(prometheus_port=0) as telemetry:
    orders = metrics.get_meter("shop").create_counter("shop.orders")
    for number in range(2_100):
        orders.add(1, {"user.id": number, "shop": "north"})
    ask(telemetry, "/orders")
    page = ask(telemetry, "/explosion")
    print(json.dumps(re.findall(r"forgesyte_metric_explosion{(.*)} (\\d+)", page)))
"""
    [(labels, values)] = _said(run_program, program)
    assert 'forgesyte_metric_attribute="user.id",forgesyte_metric_name="shop.orders"' in labels
    assert 1_990 <= int(values) <= 2_000
    doctor = run_program("-c", "from otel_forgesyte.cli import main; main()", "doctor")
    assert doctor.returncode == 1
    assert f"exploded: shop.orders\tuser.id, {values} values" in doctor.stdout
    assert (
        f"the attribute user.id of the metric shop.orders has {values} values or more:"
        " Prometheus does not get all of its series" in doctor.stdout
    )
    told = run_program("-c", "from otel_forgesyte.cli import main; main()", "doctor", "--json")
    assert json.loads(told.stdout)["database"]["explosions"] == [
        {"metric": "shop.orders", "attribute": "user.id", "values": int(values)}
    ]


def test_doctor_tells_who_may_scrape_and_what_keeps_everybody_out(
    run_program: RunProgram, tmp_path: Path
) -> None:
    def doctor(**files: str) -> str:
        named = {f"OTEL_EXPORTER_PROMETHEUS_{name}_FILE": path for name, path in files.items()}
        main = "from otel_forgesyte.cli import main; main()"
        return run_program("-c", main, "doctor", **named).stdout

    (tmp_path / "token").write_text("s3cret-word")
    assert "who may scrape\tanybody who reaches it, without TLS\n" in doctor()
    asked = doctor(TOKEN="token")  # noqa: S106 - a file's name
    assert "who may scrape\twho brings what is asked for, without TLS\n" in asked
    assert "prometheus_token_file\tOTEL_EXPORTER_PROMETHEUS_TOKEN_FILE\ttoken\tenvironment" in asked
    assert "s3cret" not in asked
    wrong = doctor(WEB_CONFIG="nowhere.yml")
    assert "who may scrape\tnobody\n" in wrong
    assert "/metrics lets nobody in: cannot read the web configuration" in wrong


def test_a_scrape_is_answered_while_the_exporter_waits_for_its_database(
    run_program: RunProgram,
) -> None:
    program = """
import subprocess, sys, threading, time
hold = "import duckdb; a = duckdb.connect('telemetry.duckdb'); print('held', flush=True); input()"
with configure(prometheus_port=0) as telemetry:
    holder = subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "held\\n"
    for number in range(50):
        with job(job_id=f"j{number}", plugin="p"):
            pass
    flush = threading.Thread(target=telemetry.force_flush)
    flush.start()
    time.sleep(0.5)
    began = time.monotonic()
    page = ask(telemetry, "/job", **{"X-Prometheus-Scrape-Timeout-Seconds": "1"})
    seconds, is_busy = time.monotonic() - began, flush.is_alive()
    holder.communicate("")
    flush.join()
count = re.findall(r"^forgesyte_job_duration_seconds_count{.*} (\\d+)$", page, re.MULTILINE)
print(json.dumps([count, seconds, is_busy]))
"""
    count, seconds, is_busy = _said(run_program, program)
    assert (count, is_busy) == (["50"], True)
    assert seconds < 1


def test_a_redaction_hook_does_not_cost_the_metrics_page(run_program: RunProgram) -> None:
    program = """
with configure(prometheus_port=0, redact=lambda record: record) as telemetry:
    print(json.dumps("target_info" in ask(telemetry)))
"""
    assert _said(run_program, program) is True

"""Their configuration: by their own tools, and by running both on it."""

from __future__ import annotations

import http.client
import http.server
import json
import shutil
import subprocess
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from otel_forgesyte import open_reader
from tests.tools import tool
from tests.waiting import wait_for

from .files import DEPLOY, document, services
from .running import Place, running

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

PORTS = ("4318", "9464", "9465", "9090", "9093")


def prometheus_configuration(place: Place) -> Path:
    """The shipped file and rules; what a container engine resolves is resolved."""
    folder = place.folder / "prometheus"
    shutil.copytree(DEPLOY / "prometheus", folder)
    told = yaml.safe_load(place.local((folder / "prometheus.yml").read_text("utf-8")))
    told["global"].update(scrape_interval="1s", scrape_timeout="1s", evaluation_interval="1s")
    for scrape in told["scrape_configs"]:
        for found in scrape.pop("dns_sd_configs", []):
            targets = [f"{name}:{found['port']}" for name in found["names"]]
            scrape["static_configs"] = [{"targets": targets}]
    # The names of services, which are this machine here.
    text = yaml.safe_dump(told)
    for name in services():
        text = text.replace(f"{name}:", "127.0.0.1:") if f"- {name}:" in text else text
    (folder / "prometheus.yml").write_text(text, encoding="utf-8")
    return folder / "prometheus.yml"


def test_promtool_finds_nothing_wrong_with_the_file_and_its_rules(tmp_path: Path) -> None:
    promtool = tool("promtool", "prometheus")
    place = Place.of(tmp_path)
    folder = tmp_path / "etc"
    shutil.copytree(DEPLOY / "prometheus", folder)
    shipped = folder / "prometheus.yml"
    shipped.write_text(place.local(shipped.read_text("utf-8")), encoding="utf-8")
    checked = subprocess.run(
        [promtool, "check", "config", "--lint=all", "--lint-fatal", str(shipped)],
        capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert checked.stdout.count("rules found") == 5


def test_amtool_finds_nothing_wrong() -> None:
    amtool = tool("amtool", "prometheus-alertmanager")
    path = str(DEPLOY / "alertmanager" / "alertmanager.yml")
    checked = subprocess.run(
        [amtool, "check-config", path], capture_output=True, encoding="utf-8", check=False
    )
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("severity", ["page", "ticket"])
def test_each_severity_of_the_rules_goes_to_the_receiver_of_its_name(severity: str) -> None:
    amtool = tool("amtool", "prometheus-alertmanager")
    path = str(DEPLOY / "alertmanager" / "alertmanager.yml")
    command = [amtool, "config", "routes", "test", f"--config.file={path}", f"severity={severity}"]
    printed = subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout
    assert printed == f"{severity}\n"
    rules = [path.read_text("utf-8") for path in (DEPLOY / "prometheus" / "rules").glob("*.yml")]
    assert f'severity: "{severity}"' in "".join(rules)


def test_prometheus_scrapes_and_tells_what_compose_starts() -> None:
    told = document("prometheus/prometheus.yml")
    started = services()
    (scraped,) = told["scrape_configs"][0]["dns_sd_configs"]
    environment = started["application"]["environment"]
    assert scraped["names"] == ["application"]
    assert str(scraped["port"]) == environment["OTEL_EXPORTER_PROMETHEUS_PORT"]
    # The label `job` of the series is the service's own name.
    assert told["scrape_configs"][0]["job_name"] == environment["OTEL_SERVICE_NAME"]
    assert "--metrics-port=9465" in started["telemetry"]["command"]
    (metrics,) = document("collector/collector.yaml")["service"]["telemetry"]["metrics"]["readers"]
    assert metrics["pull"]["exporter"]["prometheus"]["port"] == 8888
    targets = [
        target
        for each in (*told["alerting"]["alertmanagers"], *told["scrape_configs"][1:])
        for static in each["static_configs"]
        for target in static["targets"]
    ]
    assert targets == ["alertmanager:9093", "telemetry:9465", "collector:8888"]
    assert {target.partition(":")[0] for target in targets} <= set(started)


@contextmanager
def webhook(file: Path) -> Generator[list[str]]:
    """The messages that it was sent; its address stands in the file."""
    taken: list[str] = []

    class Take(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            (message,) = json.loads(self.rfile.read(length))["attachments"]
            taken.append(f"{message['title']}\n{message['text']}")
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as there
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Take) as server:
        file.write_text(f"http://127.0.0.1:{server.server_port}/hook", encoding="utf-8")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield taken
        server.shutdown()


def health(name: str, place: Place) -> int:
    """The exit status of a service's health check, run here."""
    test: list[str] = services()[name]["healthcheck"]["test"]
    kind, program, *arguments = test
    assert kind == "CMD"
    if program == "python":
        program = place.local("/opt/forgesyte/bin/python")
    command: list[str] = [program, *(place.local(each) for each in arguments)]
    return subprocess.run(command, capture_output=True, check=False).returncode


@pytest.mark.slow
def test_what_compose_starts_works_together(tmp_path: Path) -> None:
    place = Place.of(tmp_path, *PORTS)
    with ExitStack() as all_of_them:
        paged = all_of_them.enter_context(webhook(tmp_path / "secrets" / "page_url"))
        asked = all_of_them.enter_context(webhook(tmp_path / "secrets" / "ticket_url"))
        for name in ("telemetry", "application"):
            all_of_them.enter_context(ours(name, place))
        all_of_them.enter_context(alertmanager(place))
        all_of_them.enter_context(prometheus(place))
        place.await_answer("9090", "/-/ready")
        place.await_answer("9093", "/-/ready")
        place.await_answer("4318", "/healthz")
        wait_for(lambda: up(place) == {"studio": "up", "otel-forgesyte-serve": "up"}, "scrapes")
        for name in ("telemetry", "application", "prometheus", "alertmanager"):
            wait_for(lambda name=name: health(name, place) == 0, f"the health of {name}")  # type: ignore[misc]
        assert len(api(place, "rules")["groups"]) >= 5
        assert len(api(place, "alertmanagers")["activeAlertmanagers"]) == 1
        alert(place, "page")
        alert(place, "ticket")
        wait_for(lambda: paged and asked, "both messages")
        assert [sorted(message.splitlines()) for message in (*paged, *asked)] == [
            [
                f"FIRING: Of{severity}, studio",
                "firing: A job of p does not end. It has run for an hour. (a page)",
                "firing: A job of q does not end. It has run for an hour. (a page)",
            ]
            for severity in ("page", "ticket")
        ]
        assert api(place, "alerts")["alerts"] == []  # the example keeps to its objective
    database = tmp_path / "data" / "telemetry.duckdb"
    statuses = open_reader(database).sql("SELECT DISTINCT status FROM job_metrics").fetchall()
    assert {"done", "error"} <= {status for (status,) in statuses}
    assert not list(tmp_path.glob("*.duckdb"))  # nothing went anywhere else


def ours(name: str, place: Place) -> Any:
    """A service of the image of ours."""
    service = services()[name]
    program, *arguments = service["command"]
    command = [place.local(each) for each in (f"/opt/forgesyte/bin/{program}", *arguments)]
    return running(command, place.environment(service["environment"]), place.folder)


def prometheus(place: Place) -> Any:
    """One on the shipped file and rules."""
    command = [
        tool("prometheus", "prometheus"),
        f"--config.file={prometheus_configuration(place)}",
        f"--storage.tsdb.path={place.folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{place.ports['9090']}",
        "--enable-feature=exemplar-storage",
        "--log.level=warn",
    ]
    return running(command, place.environment({}), place.folder)


def alertmanager(place: Place) -> Any:
    """One on the shipped file, which waits for no more of a group."""
    program = tool("prometheus-alertmanager", "prometheus-alertmanager")
    path = place.folder / "alertmanager.yml"
    shipped = (DEPLOY / "alertmanager" / "alertmanager.yml").read_text("utf-8")
    assert "group_wait: 30s" in shipped
    path.write_text(place.local(shipped).replace("group_wait: 30s", "group_wait: 1s"), "utf-8")
    command = [
        program, f"--config.file={path}", f"--storage.path={place.folder / 'alerts'}",
        f"--web.listen-address=127.0.0.1:{place.ports['9093']}", "--cluster.listen-address=",
        "--log.level=warn",
    ]  # fmt: skip
    return running(command, place.environment({}), place.folder)


def alert(place: Place, severity: str) -> None:
    """Tell Alertmanager of two that fire at once, as Prometheus does."""
    labels = {"alertname": f"Of{severity}", "severity": severity, "job": "studio"}
    rest = {"description": "It has run for an hour.", "runbook": "a page"}
    told = [
        {
            "labels": {**labels, "forgesyte_plugin_name": name},
            "annotations": {"summary": f"A job of {name} does not end", **rest},
        }
        for name in ("p", "q")
    ]
    connection = http.client.HTTPConnection("127.0.0.1", place.ports["9093"], timeout=10)
    headers = {"Content-Type": "application/json"}
    connection.request("POST", "/api/v2/alerts", json.dumps(told), headers)
    assert connection.getresponse().status == 200
    connection.close()


def api(place: Place, path: str) -> Any:
    """What Prometheus answers."""
    return json.loads(place.get("9090", f"/api/v1/{path}")[1])["data"]


def up(place: Place) -> dict[str, str]:
    """The health of each target but the collector's, which does not run here."""
    return {
        each["labels"]["job"]: each["health"]
        for each in api(place, "targets")["activeTargets"]
        if each["labels"]["job"] != "collector"
    }

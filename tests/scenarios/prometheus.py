"""The demo under load, the real Prometheus and Alertmanager: targets, every expression, one alert.

The demo's jobs run again and again for a minute while Prometheus scrapes them each second, with
the rules that `otel-forgesyte rules write` makes of a file of objectives. Then every expression of
every dashboard and rule is asked for, a job that hangs makes an alert fire, and its end ends it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from otel_forgesyte import open_reader
from otel_forgesyte.monitoring import (
    Source,
    expressions,
    promql_to_run,
    read_objectives,
    rule_files,
    sql_to_run,
)
from otel_forgesyte.monitoring.promql import count
from otel_forgesyte.semconv import METRIC_FORGESYTE_JOB_DURATION
from tests.monitoring.server import Service, service
from tests.prometheus.real import RealPrometheus, promtool, real_alertmanager, real_prometheus
from tests.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from otel_forgesyte.monitoring import Expression

_MINUTE_S = 60.0
_WINDOW = "30s"
_ALERT = "ForgesyteJobStuck"
_PATIENCE_S = 120.0
# What a minute can miss.
_OBJECTIVES = """\
default: {queued_s: 0.1, running_s: 10, fps: 30}
objectives:
  photo_report: {success: 0.999, within_s: 2.5, queued_s: 0.1}
"""
# What only days of history or minutes of trouble can show; `promtool test rules` computes these.
_LATER = {
    "plugins: ForgesytePluginSlower": "needs an hour of history",
    "telemetry: ForgesyteSpoolNotDrained": "needs a database that is held for five minutes",
    "telemetry: ForgesyteTargetGone": "needs targets that are found by name",
    "telemetry: ForgesyteCollectorRefuses": "needs an OpenTelemetry Collector",
    "telemetry: ForgesyteCollectorDropped": "needs an OpenTelemetry Collector",
}
_JOBS = count(METRIC_FORGESYTE_JOB_DURATION)
_DOWN = "telemetry: ForgesyteTargetDown"


def run() -> int:
    """Return 0 where targets are up, expressions have an answer and the alert came and went."""
    with tempfile.TemporaryDirectory() as name, _receiver() as receiver:
        folder = Path(name)
        rules = _rules(folder)
        # A queue that a burst can fill: its spans are lost, and counted.
        with (
            service(folder / "telemetry.duckdb", "demo", OTEL_BSP_MAX_QUEUE_SIZE="500") as studio,
            real_alertmanager(folder, receiver.url) as port,
            real_prometheus(folder, [studio.scraped()], rules=rules, alertmanager=port) as server,
        ):
            faults = _observe(server, studio, folder / "objectives.yml", receiver)
    _say(f"{faults} of all this not as it should be" if faults else "all as it should be")
    return 1 if faults else 0


def _rules(folder: Path) -> Path:
    """The rules as a user has them made."""
    (folder / "objectives.yml").write_text(_OBJECTIVES, encoding="utf-8")
    command = [
        sys.executable,
        "-c",
        "from otel_forgesyte.cli import main; main()",
        "rules",
        "write",
    ]
    asked = [str(folder / "rules"), "--objectives", str(folder / "objectives.yml")]
    subprocess.run([*command, *asked], check=True, stdout=subprocess.DEVNULL)
    return folder / "rules"


def _observe(server: RealPrometheus, studio: Service, objectives: Path, receiver: _Receiver) -> int:
    """Tell all of it, and how much is not as it should be."""
    began = time.monotonic()
    asked = expressions(rule_files(read_objectives(objectives)))
    down = [one for one in asked if one.where == _DOWN]
    promql = [one for one in asked if one.source is Source.PROMETHEUS and one not in down]
    sql = [one for one in asked if one.source is Source.DUCKDB]
    wait_for(lambda: server.query("up == 1"), "the first scrape")
    wait_for(lambda: server.query(f"{_JOBS} > 0"), "the demo's first jobs")
    studio.tell("trouble")
    time.sleep(max(0.0, began + _MINUTE_S - time.monotonic()))
    faults = _tell_targets(server, time.monotonic() - began) + _check_metrics(studio)
    faults += _tell_series("PromQL", promql, lambda one: _series(server, one))
    chosen = _chosen(studio.database, sql)
    faults += _tell_series("SQL", sql, lambda one: len(_ask(studio.database, one, chosen)))
    faults += _tell_alert(studio, receiver)
    studio.end()
    return faults + _tell_series("with the service ended", down, lambda one: _series(server, one))


def _check_metrics(studio: Service) -> int:
    with urllib.request.urlopen(f"http://{studio.target}/metrics", timeout=10) as page:
        text = page.read()
    code, said = promtool("check", "metrics", stdin=text)
    lines = text.count(b"\n")
    _say(f"promtool check metrics: {lines} lines, exit {code}, {said.strip() or 'nothing to say'}")
    return int(code != 0 or bool(said.strip()))


def _tell_targets(server: RealPrometheus, seconds: float) -> int:
    targets = server.targets()
    [jobs] = server.query(f"sum({_JOBS})")
    [scrapes] = server.query(f"sum(count_over_time(up[{_MINUTE_S * 2:.0f}s]))")
    [refused] = server.query(
        f"sum(count_over_time((up == 0)[{_MINUTE_S * 2:.0f}s:1s])) or vector(0)"
    )
    for name, (health, error) in targets.items():
        _say(f"target {name}: {health} {error}".rstrip())
    _say(
        f"{seconds:.0f} s: {scrapes['value'][1]} scrapes, {refused['value'][1]} without an answer,"
        f" of {float(jobs['value'][1]):.0f} jobs"
    )
    return sum(health != "up" for health, _ in targets.values())


def _tell_series(
    language: str, asked: Sequence[Expression], answers: Callable[[Expression], int]
) -> int:
    """How many series or rows each has; asked until all have some, or patience ends."""
    found = dict.fromkeys(asked, 0)

    def all_answered() -> bool:
        found.update((one, answers(one)) for one in asked if not found[one])
        return all(found[one] or one.where in _LATER for one in asked)

    with contextlib.suppress(AssertionError):
        wait_for(all_answered, "answers", _PATIENCE_S)
    for one, series in found.items():
        without = f"  ({_LATER[one.where]})" if one.where in _LATER and not series else ""
        _say(f"  {series:5}  {one.where}{without}")
    missing = [one for one, series in found.items() if not series and one.where not in _LATER]
    answered = sum(series > 0 for series in found.values())
    later = len(asked) - answered - len(missing)
    _say(
        f"{language}: {answered} with an answer, {later} not to be had here, {len(missing)} without"
    )
    return len(missing)


def _tell_alert(studio: Service, receiver: _Receiver) -> int:
    try:
        fired = wait_for(lambda: receiver.told.get((_ALERT, "firing")), _ALERT, _PATIENCE_S)
        _say(f"{_ALERT} fired: {fired}")
        studio.tell("calm")
        resolved = wait_for(lambda: receiver.told.get((_ALERT, "resolved")), "its end", _PATIENCE_S)
        _say(f"{_ALERT} resolved: {resolved}")
    except AssertionError as error:
        _say(f"{error}; Alertmanager told of {sorted(receiver.told)}")
        return 1
    return 0


def _series(server: RealPrometheus, one: Expression) -> int:
    return len(server.query(promql_to_run(one.text, _WINDOW)))


def _chosen(database: Path, asked: Sequence[Expression]) -> dict[str, list[str]]:
    """What a reader of the dashboards can choose: everything."""
    variables = {one.where.rpartition("$")[2]: one for one in asked if "$" in one.where}
    return {name: [row[0] for row in _ask(database, one, {})] for name, one in variables.items()}


def _ask(database: Path, one: Expression, chosen: dict[str, list[str]]) -> list[tuple[Any, ...]]:
    now = dt.datetime.now(dt.timezone.utc)
    text = sql_to_run(one.text, now - dt.timedelta(minutes=10), now, chosen, interval_ms=1000)
    with open_reader(database) as reader:
        return reader.sql(text).fetchall()


@dataclass(frozen=True)
class _Receiver:
    """Whom Alertmanager tells; the summary of each alert by its name and state."""

    url: str
    told: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])


@contextmanager
def _receiver() -> Generator[_Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            for alert in body["alerts"]:
                key = (alert["labels"]["alertname"], alert["status"])
                receiver.told[key] = alert["annotations"]["summary"]
            self.send_response(200)
            self.end_headers()

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver = _Receiver(f"http://127.0.0.1:{server.server_port}/")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield receiver
        server.shutdown()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()

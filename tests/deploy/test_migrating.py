"""docs/migrating.md: its lines, phase after phase, with a program that stays as it is."""

from __future__ import annotations

import re
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from otel_forgesyte import open_reader
from otel_forgesyte_schema.errors import TelemetryError
from tests.targets.extensions import skip_without
from tests.tools import tool
from tests.waiting import wait_for

from .files import DEPLOY, ROOT, documents, services
from .running import Place, running

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tests.lake.conftest import Lake

GUIDE = (ROOT / "docs" / "migrating.md").read_text("utf-8")
STUDIO = ("/opt/forgesyte/bin/python", "/opt/forgesyte/studio.py")
COLLECTOR = "collector.example:4318"
SERVE = "otel-forgesyte --database telemetry.duckdb serve --metrics-port 9465 --quack off"

QUESTIONS = {
    "SELECT DISTINCT plugin, status FROM job_metrics ORDER BY ALL": [
        ("photo_report", "done"),
        ("photo_report", "error"),
    ],
    "SELECT DISTINCT plugin, tool, success FROM plugin_metrics": [("faces", "cascade", True)],
    "SELECT DISTINCT device_requested, device_used, fallback FROM device_usage": [
        ("cpu", "cpu", False)
    ],
}


def steps(file: str) -> list[list[str]]:
    """The blocks that change a file, in the order of the guide."""
    return [
        block.splitlines()
        for block in re.findall(rf"```diff\n# {re.escape(file)}\n(.*?)```", GUIDE, re.DOTALL)
    ]


def changed(before: list[str], step: list[str]) -> list[str]:
    """The file after a step; what the step says was there has to have been."""
    assert [line[1:] for line in step if line[0] in " -"] == before
    return [line[1:] for line in step if line[0] in " +"]


def environments() -> tuple[dict[str, str], ...]:
    """studio.env in phases 8, 9, 10, 11 as a server and 11 as a lake."""
    files: list[list[str]] = [[]]
    *one_after_another, lake = steps("studio.env")
    for step in one_after_another:
        files.append(changed(files[-1], step))
    files.append(changed(files[3], lake))  # the two of phase 11 begin with phase 10
    assert len(files) == 6
    return tuple(dict(line.split("=", 1) for line in lines) for lines in files[1:])


def answers(database: Any) -> dict[str, list[tuple[Any, ...]]]:
    """What a database says, or nothing where it does not exist yet."""
    try:
        reader = open_reader(database)
        return {sql: reader.sql(sql).fetchall() for sql in QUESTIONS}
    except TelemetryError:
        return {}


@contextmanager
def answering(place: Place, environment: dict[str, str], database: Any) -> Generator[None]:
    """The program runs, and every question has its answer."""
    command = [place.local(each) for each in STUDIO]
    with running(command, place.environment(environment), place.folder):
        wait_for(lambda: answers(database) == QUESTIONS, "the same answers", 60.0)
        yield


def page_of_jobs(place: Place) -> bool:
    """Whether the program serves a page of ours with a count of jobs on it."""
    place.await_answer("9464", "/metrics")
    _, page = place.get("9464", "/metrics")
    return "forgesyte_job_duration_seconds_count" in page and is_known(page)


def is_known(page: str) -> bool:
    """Whether the rules take it for a page of ours, which is missed when it is gone."""
    rules = (DEPLOY / "prometheus" / "rules" / "telemetry.yml").read_text("utf-8")
    names = re.search(r'count by \(job, instance\) \(\{__name__=~"(.*)"\}', rules)
    assert names
    return re.search(rf"^({names[1]})\{{", page, re.MULTILINE) is not None


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place.of(tmp_path, "4318", "9464", "9465")


def metered(place: Place, environment: dict[str, str]) -> dict[str, str]:
    """With a free port for /metrics, which the guide leaves at its default."""
    return environment | {"OTEL_EXPORTER_PROMETHEUS_PORT": str(place.ports["9464"])}


def served(place: Place, path: Path) -> list[str]:
    """The command of the guide, in this place."""
    assert SERVE in GUIDE
    program, *arguments = SERVE.split()
    arguments = [place.local(each) for each in arguments]
    arguments[1] = str(path)
    return [
        place.local(f"/opt/forgesyte/bin/{program}"), *arguments,
        "--otlp-port", str(place.ports["4318"]),
    ]  # fmt: skip


@pytest.mark.slow
def test_phase_8_is_one_file_and_nothing_else(place: Place) -> None:
    database = place.folder / "telemetry.duckdb"
    with (
        answering(place, metered(place, environments()[0]), database),
        pytest.raises(ConnectionRefusedError),
    ):
        place.get("9464", "/metrics")
    assert list(place.folder.rglob("*.duckdb")) == [database]


@pytest.mark.slow
def test_phase_9_adds_the_page(place: Place) -> None:
    database = place.folder / "telemetry.duckdb"
    with answering(place, metered(place, environments()[1]), database):
        assert page_of_jobs(place)


@pytest.mark.slow
def test_in_phase_10_the_server_stores_what_the_program_spools(place: Place) -> None:
    database = place.folder / "telemetry.duckdb"
    spooling = metered(place, environments()[2])
    command = [place.local(each) for each in STUDIO]
    with running(command, place.environment(spooling), place.folder):
        wait_for(lambda: list(place.folder.rglob("*.seg")), "the spool to fill")
    assert not database.exists()
    with running(served(place, database), place.environment({}), place.folder):
        place.await_answer("4318", "/healthz")
        wait_for(lambda: any(answers(database).values()), "what was spooled to be stored")
        with answering(place, spooling, database):
            assert page_of_jobs(place)
        assert is_known(place.get("9465", "/metrics")[1])


@pytest.mark.slow
def test_in_phase_11_the_program_sends_and_stores_nothing_itself(place: Place) -> None:
    database = place.folder / "data" / "telemetry.duckdb"
    here = f"127.0.0.1:{place.ports['4318']}"
    environment = metered(place, environments()[3])
    endpoint = environment["OTEL_EXPORTER_OTLP_ENDPOINT"]
    environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint.replace(COLLECTOR, here)
    with running(served(place, database), place.environment({}), place.folder):
        place.await_answer("4318", "/healthz")
        with answering(place, environment, database):
            assert page_of_jobs(place)
    assert list(place.folder.rglob("*.duckdb")) == [database]


@pytest.mark.slow
def test_phase_11_is_a_lake_too(place: Place, request: pytest.FixtureRequest) -> None:
    skip_without("ducklake", "postgres")
    lake: Lake = request.getfixturevalue("lake")  # not earlier: it starts a server
    *_, environment = environments()
    said = environment["OTEL_EXPORTER_DUCKDB_DATABASE"]
    assert said == "ducklake:postgres:dbname=telemetry host=db.example user=telemetry"
    environment["OTEL_EXPORTER_DUCKDB_DATABASE"] = lake.database
    environment["OTEL_EXPORTER_DUCKDB_DATA_PATH"] = lake.data_path
    with answering(place, metered(place, environment), lake.database):
        assert page_of_jobs(place)


def test_compose_is_phase_10_and_kubernetes_phase_11() -> None:
    _, _, ten, eleven, _ = environments()
    assert ten.items() <= services()["application"]["environment"].items()
    text = (DEPLOY / "kubernetes" / "application.yaml").read_text("utf-8")
    (deployment,) = (each for each in documents(text) if each["kind"] == "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    said = {each["name"]: each["value"] for each in container["env"]}
    at_home = {name: value.replace(COLLECTOR, "collector:4318") for name, value in eleven.items()}
    assert at_home.items() <= said.items()


def test_promtool_takes_prometheus_yml_after_each_step(tmp_path: Path) -> None:
    promtool = tool("promtool", "prometheus")
    (tmp_path / "rules").symlink_to(DEPLOY / "prometheus" / "rules")
    lines: list[str] = []
    for step in steps("prometheus.yml"):
        lines = changed(lines, step)
        (tmp_path / "prometheus.yml").write_text("\n".join(lines), encoding="utf-8")
        command = [promtool, "check", "config", str(tmp_path / "prometheus.yml")]
        subprocess.run(command, check=True, capture_output=True)
    assert "rule_files: [rules/*.yml]" in lines


@pytest.mark.parametrize(
    ("phase", "extra"), [("Phase 9 to 10", "serve"), ("Phase 10 to 11", "otlp")]
)
def test_a_phase_says_what_it_needs_installed(phase: str, extra: str) -> None:
    step = GUIDE.partition(f"## {phase}")[2].partition("\n## ")[0]
    assert f"pip install 'otel-forgesyte[{extra}]'" in step
    assert f"\n{extra} = [" in (ROOT / "pyproject.toml").read_text("utf-8")

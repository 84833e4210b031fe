"""The units: systemd's own checks, and what they start, really started by their ExecStart."""

from __future__ import annotations

import configparser
import ctypes
import os
import shlex
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from otel_forgesyte import open_reader
from tests.tools import tool
from tests.waiting import wait_for

from .files import DEPLOY
from .running import BIN, Place, running

if TYPE_CHECKING:
    from pathlib import Path

UNITS = sorted((DEPLOY / "systemd").iterdir())
SERVICES = [path for path in UNITS if path.suffix == ".service"]
PR_SET_MDWE = 65  # what MemoryDenyWriteExecute= asks the kernel for, from Linux 6.3 on


@dataclass(frozen=True, slots=True)
class Service:
    """What a unit's section [Service] says, its specifiers expanded for a place."""

    commands: list[list[str]]
    environment: dict[str, str]
    umask: int

    @classmethod
    def of(cls, name: str, place: Place) -> Service:
        lines = (DEPLOY / "systemd" / name).read_text("utf-8").splitlines()
        said = [line.partition("=")[::2] for line in lines if not line.startswith(("#", "["))]

        def expanded(text: str) -> str:
            state, credentials = str(place.folder), str(place.folder / "secrets")
            return place.local(text.replace("%S", state).replace("%d", credentials))

        commands = [shlex.split(expanded(value)) for key, value in said if key == "ExecStart"]
        (umask,) = (value for key, value in said if key == "UMask")
        told = (value.partition("=")[::2] for key, value in said if key == "Environment")
        variables = {name: expanded(value) for name, value in told}
        return cls(commands, place.environment(variables), int(umask, 8))

    def confine(self) -> None:
        """Be what systemd makes of a process, as far as a process can do that to itself."""
        os.umask(self.umask)
        ctypes.CDLL(None).prctl(PR_SET_MDWE, 1, 0, 0, 0)  # an older kernel says no, and that is all


def test_systemd_finds_nothing_to_say(tmp_path: Path) -> None:
    analyze = tool("systemd-analyze", "systemd")
    for path in UNITS:
        text = path.read_text("utf-8").replace("/opt/forgesyte/bin/", f"{BIN}/")
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    units = [str(tmp_path / path.name) for path in UNITS]
    checked = subprocess.run(
        [analyze, "verify", "--man=no", *units], capture_output=True, encoding="utf-8", check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_a_service_is_confined(path: Path) -> None:
    analyze = tool("systemd-analyze", "systemd")
    rated = subprocess.run(
        # Tenths of "exposure": 0 is none, 96 what a unit has that says nothing.
        [analyze, "security", "--offline=true", "--threshold=20", str(path)],
        capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert rated.returncode == 0, rated.stdout[-2000:]


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_a_service_has_limits_and_its_secret_from_outside(path: Path) -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(path)
    service = unit["Service"]
    assert service["User"] == "forgesyte"
    assert {"MemoryMax", "TasksMax"} <= set(service)
    if "%d/token" in path.read_text("utf-8"):
        assert service["LoadCredential"] == "token:/etc/forgesyte/token"


@pytest.mark.slow
def test_what_the_units_start_works_together_and_ends_when_told(tmp_path: Path) -> None:
    place = Place.of(tmp_path, "4318", "9464", "9465")
    serve = Service.of("otel-forgesyte.service", place)
    studio = Service.of("studio.service", place)
    database = tmp_path / "forgesyte" / "telemetry.duckdb"
    with ExitStack() as both:
        for service in (serve, studio):
            (command,) = service.commands
            both.enter_context(
                running(command, service.environment, tmp_path, before=service.confine)
            )
        place.await_answer("4318", "/healthz")
        place.await_answer("9465", "/metrics")
        place.await_answer("9464", "/metrics/job")
        wait_for(lambda: database.exists() and jobs_in(database), "a job in the database")
        copy = Service.of("otel-forgesyte-copy.service", place)
        for command in copy.commands:
            subprocess.run(command, env=copy.environment, check=True, capture_output=True)
    copied = tmp_path / "forgesyte" / "copy.duckdb"
    assert 0 < jobs_in(copied) <= jobs_in(database)
    # What was recorded is the service's alone; its group, Grafana, may read the copy.
    assert database.stat().st_mode & 0o777 == 0o600
    assert copied.stat().st_mode & 0o777 == 0o640


def jobs_in(database: Path) -> int:
    ((count,),) = open_reader(database).sql("SELECT count(*) FROM job_metrics").fetchall()
    return int(count)

"""`status`, `drain` and `doctor`: where every record is, and what to do about it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import time
from typing import TYPE_CHECKING

import duckdb
import pytest
from typer.testing import CliRunner

from otel_forgesyte.cli import app
from otel_forgesyte_duckdb import Settings
from otel_forgesyte_duckdb.draining import Drainer
from tests.reading.exporting import Jobs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Finished

    Run = Callable[..., Finished]


def _record_undrained(database: Path, count: int) -> None:
    jobs = Jobs(str(database), drain="external")
    for number in range(count):
        jobs.record(f"waiting-{number}")
    jobs.shutdown()


def _spool(database: Path) -> Path:
    return database.with_name(f"{database.name}.spool")


def _problems(finished: Finished) -> list[str]:
    return [problem["what"] for problem in json.loads(finished.out)["problems"]]


def test_status_says_where_every_record_is(cli: Run, tmp_path: Path) -> None:
    database = tmp_path / "t.duckdb"
    _record_undrained(database, 3)

    before = json.loads(cli("status", "--json", "-d", database).out)
    drained = cli("drain", "-d", database)
    after = json.loads(cli("status", "--json", "-d", database).out)

    assert drained.code == 0
    assert before["spooled_lines"] == 3
    assert (after["accepted"], after["stored"], after["spooled_lines"]) == (3, 3, 0)
    assert (after["dead_lines"], after["dropped"]) == (0, {})


def test_status_is_a_list_of_names_and_numbers(cli: Run, database: Path) -> None:
    _record_undrained(database, 2)

    lines = cli("status", "-d", database).out.splitlines()

    assert lines[:5] == ["accepted\t2", "stored\t0", "spooled\t2", "dead\t0", "dropped\t0"]


def test_drain_reports_what_it_moved(cli: Run, database: Path) -> None:
    _record_undrained(database, 2)

    report = json.loads(cli("drain", "--json", "-d", database).out)

    assert (report["lines"], report["stored"], report["dead"]) == (2, 2, 0)
    assert cli("drain", "-d", database).out == "0 segments, 0 lines: 0 stored, 0 set aside\n"


def test_drain_ends_with_1_when_lines_were_set_aside(cli: Run, database: Path) -> None:
    _record_undrained(database, 1)
    broken = _spool(database) / "1-0123456789ab-spans-00000001-1.seg"
    broken.write_text("this is not JSON\n", encoding="utf-8")

    finished = cli("drain", "-d", database)

    assert finished.code == 1
    assert finished.out.endswith("1 stored, 1 set aside\n")
    told = cli("doctor", "--json", "-d", database)
    assert told.code == 1
    assert "1 records could not be stored and were set aside" in _problems(told)


def test_drain_shows_a_bar_on_a_terminal(terminal: Run, database: Path) -> None:
    _record_undrained(database, 2)

    finished = terminal("drain", "-d", database)

    assert "draining" in finished.out
    assert "2 lines: 2 stored, 0 set aside" in finished.out


def test_doctor_finds_nothing_where_nothing_is_wrong(cli: Run, database: Path) -> None:
    finished = cli("doctor", "-d", database, OTEL_EXPORTER_PROMETHEUS_PORT="0")

    assert finished.code == 0
    assert finished.out.endswith("What to do\nnothing: all is well\n")
    assert f"file\t{database}\n" in finished.out
    assert "schema differences\t0\n" in finished.out


def test_doctor_tells_each_setting_with_its_source(cli: Run, database: Path) -> None:
    finished = cli(
        "doctor", "-d", database, "--json",
        OTEL_EXPORTER_DUCKDB_THREADS="2", OTEL_SERVICE_NAME="vision",
    )  # fmt: skip

    rows = {row["setting"]: row for row in json.loads(finished.out)["configuration"]}
    assert rows["database"]["source"] == "argument"
    assert (rows["threads"]["value"], rows["threads"]["source"]) == (2, "environment")
    assert rows["service_name"] == {
        "setting": "service_name",
        "variable": "OTEL_SERVICE_NAME",
        "value": "vision",
        "source": "environment",
    }
    assert rows["memory_limit"]["source"] == "default"


def test_doctor_tells_the_versions_of_what_matters(cli: Run, database: Path) -> None:
    versions = json.loads(cli("doctor", "-d", database, "--json").out)["versions"]

    assert versions["duckdb"] == duckdb.__version__
    assert versions["opentelemetry-sdk"]


def test_doctor_names_a_wrong_setting_and_looks_at_the_rest(cli: Run, database: Path) -> None:
    finished = cli("doctor", "-d", database, "--json", OTEL_EXPORTER_DUCKDB_DRAIN="sometimes")

    assert finished.code == 1
    (problem,) = _problems(finished)
    assert "OTEL_EXPORTER_DUCKDB_DRAIN is 'sometimes'" in problem


def test_doctor_names_a_missing_database_and_what_makes_one(cli: Run, tmp_path: Path) -> None:
    finished = cli("doctor", "-d", tmp_path / "none.duckdb")

    assert finished.code == 1
    assert "there is no database at" in finished.out
    assert "-> record something, or run otel-forgesyte demo" in finished.out


def test_doctor_names_who_holds_the_database(cli: Run, database: Path) -> None:
    with duckdb.connect(database):
        finished = cli("doctor", "-d", database, "--json")

    assert finished.code == 1
    assert any(f"held by process {os.getpid()}" in problem for problem in _problems(finished))


def test_doctor_names_schema_drift(cli: Run, database: Path) -> None:
    with duckdb.connect(database) as connection:
        connection.execute("ALTER TABLE overlay_metrics DROP COLUMN fps")

    finished = cli("doctor", "-d", database, "--json")

    assert finished.code == 1
    assert any("the schema differs" in problem for problem in _problems(finished))
    assert json.loads(finished.out)["database"]["drift"]


def test_doctor_names_a_spool_that_nobody_drains(cli: Run, database: Path) -> None:
    _record_undrained(database, 1)
    long_ago = time.time() - 600
    for segment in _spool(database).glob("*.seg"):
        os.utime(segment, (long_ago, long_ago))

    finished = cli("doctor", "-d", database)

    assert finished.code == 1
    assert "waited in the spool for 10 min" in finished.out
    assert "-> otel-forgesyte drain" in finished.out


def test_doctor_names_losses_from_the_ledger(cli: Run, database: Path) -> None:
    with duckdb.connect(database) as connection:
        connection.execute(
            "INSERT INTO otel.loss_ledger VALUES "
            "('2026-01-02 03:04:05', 'spans', 'spool_full', 7, '1@host', NULL)"
        )

    finished = cli("doctor", "-d", database, "--json")

    assert finished.code == 1
    assert "7 spans were lost: spool_full" in _problems(finished)


def test_doctor_names_a_damaged_file_that_was_moved_aside(cli: Run, database: Path) -> None:
    aside = database.with_name(f"{database.name}.corrupt.20260102T030405Z")
    aside.write_bytes(b"")

    assert f"{aside} was damaged and moved aside" in _problems(
        cli("doctor", "-d", database, "--json")
    )


@pytest.mark.parametrize(
    ("exporters", "is_problem"), [("duckdb,prometheus", True), ("duckdb", False)]
)
def test_doctor_names_a_taken_port_only_where_metrics_are_to_be_served(
    cli: Run, database: Path, exporters: str, *, is_problem: bool
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        finished = cli(
            "doctor", "-d", database, "--json",
            OTEL_METRICS_EXPORTER=exporters, OTEL_EXPORTER_PROMETHEUS_PORT=str(port),
        )  # fmt: skip

    assert json.loads(finished.out)["port"]["in_use"] is True
    assert (finished.code == 1) is is_problem
    assert (f"127.0.0.1:{port} is taken, by this application or by another"
            in _problems(finished)) is is_problem  # fmt: skip


def test_doctor_names_a_file_that_is_no_database(cli: Run, tmp_path: Path) -> None:
    (tmp_path / "picture.duckdb").write_bytes(b"PNG" * 10_000)

    finished = cli("doctor", "-d", "picture.duckdb")

    assert finished.code == 1
    assert "cannot be read" in finished.out


def test_doctor_says_what_to_do_about_a_newer_database_and_about_a_strangers(
    cli: Run, database: Path, tmp_path: Path
) -> None:
    with duckdb.connect(database) as connection:
        connection.execute("UPDATE otel.schema_version SET version = 99")
    duckdb.connect(tmp_path / "stranger.duckdb").close()

    newer = cli("doctor", "-d", database)
    stranger = cli("doctor", "-d", "stranger.duckdb")

    assert newer.code == stranger.code == 1
    assert "-> pip install --upgrade otel-forgesyte" in newer.out
    assert "holds no otel-forgesyte tables" in stranger.out


def test_doctor_names_a_folder_that_is_not_there(cli: Run, tmp_path: Path) -> None:
    finished = cli("doctor", "-d", "no/such/folder/t.duckdb")

    assert finished.code == 1
    assert f"-> mkdir -p {tmp_path / 'no/such/folder'}" in finished.out


def test_doctor_names_a_set_up_variable_that_cannot_be_understood(cli: Run, database: Path) -> None:
    finished = cli("doctor", "-d", database, "--json", OTEL_EXPORTER_PROMETHEUS_PORT="http")

    assert finished.code == 1
    (problem,) = _problems(finished)
    assert "OTEL_EXPORTER_PROMETHEUS_PORT is 'http'" in problem


def test_doctor_names_a_spool_that_is_nearly_full(cli: Run, database: Path) -> None:
    _record_undrained(database, 40)

    finished = cli("doctor", "-d", database, OTEL_EXPORTER_DUCKDB_SPOOL_MAX_BYTES="10000")

    assert finished.code == 1
    assert "of at most 10000 bytes" in finished.out


def test_doctor_names_rivals_for_automatic_set_up(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "otel_forgesyte.cli.environment.configurators", lambda: ("distro", "otel_forgesyte")
    )

    finished = CliRunner().invoke(app, ["doctor", "-d", str(database)])

    assert finished.exit_code == 1
    assert "several OpenTelemetry configurators are installed" in finished.output
    assert "-> set OTEL_PYTHON_CONFIGURATOR=otel_forgesyte" in finished.output


def test_doctor_names_a_drainer_that_gets_nowhere(cli: Run, database: Path) -> None:
    _record_undrained(database, 1)
    long_ago = time.time() - 600
    for segment in _spool(database).glob("*.seg"):
        os.utime(segment, (long_ago, long_ago))
    drainer = Drainer(Settings(database=str(database)))
    assert drainer.elect()
    try:
        finished = cli("doctor", "-d", database)
    finally:
        drainer.resign()

    assert finished.code == 1
    assert "waited in the spool for 10 min" in finished.out
    assert f"although process {os.getpid()} is to drain it" in finished.out


def test_doctor_names_a_file_where_the_spool_should_be(cli: Run, database: Path) -> None:
    _spool(database).write_text("", encoding="utf-8")

    finished = cli("doctor", "-d", database, "--json")

    assert finished.code == 1
    assert any("cannot be made" in problem for problem in _problems(finished))


@pytest.mark.parametrize("has_spool", [True, False])
def test_doctor_names_what_may_not_be_written_to(
    database: Path, monkeypatch: pytest.MonkeyPatch, *, has_spool: bool
) -> None:
    if has_spool:
        _spool(database).mkdir()

    def refused(path: Path, mode: int) -> bool:
        return not (path and mode)

    monkeypatch.setattr(os, "access", refused)

    finished = CliRunner().invoke(app, ["doctor", "-d", str(database)])

    assert finished.exit_code == 1
    said = finished.output.replace("\n", "")
    assert f"{database} may not be written to" in said
    done = "written to" if has_spool else "made"
    assert f"{_spool(database)} cannot be {done}: every record is lost" in said


def test_doctor_names_a_disk_that_is_nearly_full(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = shutil.disk_usage(database)._replace(free=1000)

    def usage(path: Path) -> object:
        return full if path else None

    monkeypatch.setattr(shutil, "disk_usage", usage)

    finished = CliRunner().invoke(app, ["doctor", "-d", str(database)])

    assert finished.exit_code == 1
    assert finished.output.count("is nearly full: 1000 bytes are free") == 1


def test_status_says_why_it_does_not_know_what_is_stored(cli: Run, tmp_path: Path) -> None:
    finished = cli("status", "-d", tmp_path / "none.duckdb")

    assert "stored\tunknown: there is no database yet" in finished.out


def test_status_of_a_database_that_is_not_ours_says_so(cli: Run, tmp_path: Path) -> None:
    with duckdb.connect(tmp_path / "stranger.duckdb") as connection:
        connection.execute("CREATE TABLE measurements (value DOUBLE)")

    finished = cli("status", "-d", "stranger.duckdb")

    assert finished.code == 3
    assert "holds no otel-forgesyte tables: nothing is stored there yet, or" in finished.err

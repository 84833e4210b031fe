"""`schema`: apply, check, show and migrate, as scripts meet them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import duckdb
import pytest

from otel_forgesyte_schema import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Finished

    Run = Callable[..., Finished]


def test_apply_creates_a_database_that_check_finds_equal(cli: Run, tmp_path: Path) -> None:
    applied = cli("schema", "apply", "new.duckdb")
    checked = cli("schema", "check", "new.duckdb")

    path = tmp_path / "new.duckdb"
    assert (applied.code, applied.out) == (0, f"{path} has schema version {SCHEMA_VERSION}\n")
    assert (checked.code, checked.out) == (0, f"{path} equals schema version {SCHEMA_VERSION}\n")
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(cli("schema", "check", "new.duckdb", "--json").out) == []


def test_apply_again_keeps_what_is_there(cli: Run, database: Path) -> None:
    assert cli("schema", "apply", database).code == 0
    assert json.loads(cli("sql", "SELECT count(*) AS n FROM job_metrics", "--json").out) == [
        {"n": 6}
    ]


def test_apply_creates_again_what_was_dropped(cli: Run, database: Path) -> None:
    with duckdb.connect(database) as connection:
        connection.execute("DROP TABLE otel.logs")
        connection.execute("DROP VIEW otel.frames")

    assert cli("schema", "check", database).code == 1
    assert cli("schema", "apply", database).code == 0
    assert cli("schema", "check", database).code == 0


def test_apply_admits_what_it_cannot_put_right(cli: Run, database: Path) -> None:
    with duckdb.connect(database) as connection:
        connection.execute("ALTER TABLE otel.logs DROP COLUMN body")

    finished = cli("schema", "apply", database)

    assert (finished.code, finished.out) == (3, "")
    assert "otel.logs: column body JSON" in finished.err


def test_check_of_a_database_with_another_stamp_ends_with_1(cli: Run, database: Path) -> None:
    with duckdb.connect(database) as connection:
        connection.execute("UPDATE otel.schema_version SET version = 0")

    finished = cli("schema", "check", database)

    assert finished.code == 1
    assert "says version 0" in finished.out


def test_check_ends_with_1_and_names_each_difference(cli: Run, database: Path) -> None:
    with duckdb.connect(database) as connection:
        connection.execute("ALTER TABLE overlay_metrics DROP COLUMN fps")
        connection.execute("CREATE TABLE main.notes (text VARCHAR)")

    plain = cli("schema", "check", database)
    machine = cli("schema", "check", "--json", "--database", database)

    assert plain.code == machine.code == 1
    assert plain.out.splitlines()[0] == "kind\tobject\tdetail"
    found = {(each["kind"], each["object"]): each["detail"] for each in json.loads(machine.out)}
    assert found["missing", "main.overlay_metrics"].startswith("column fps")
    assert ("extra", "main.notes") in found
    assert len(plain.out.splitlines()) == len(found) + 1


def test_check_of_no_database_is_not_a_difference(cli: Run) -> None:
    assert cli("schema", "check", "none.duckdb").code == 3


def test_show_prints_sql_that_duckdb_runs(cli: Run) -> None:
    shown = cli("schema", "show")

    assert shown.code == 0
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA otel")
        connection.execute(shown.out)
        assert connection.sql("SHOW TABLES").fetchall() == [
            ("device_usage",), ("job_metrics",), ("overlay_metrics",), ("plugin_metrics",),
        ]  # fmt: skip


def test_show_prints_one_table_with_its_reasons(cli: Run) -> None:
    shown = cli("schema", "show", "job_metrics")

    assert shown.out.count("CREATE TABLE") == 1
    assert "--" in shown.out
    (described,) = json.loads(cli("schema", "show", "job_metrics", "--json").out)
    assert described["folder"] == "tables"
    assert described["sql"].strip() == shown.out.strip()


def test_migrate_leaves_a_database_of_this_version_alone(cli: Run, database: Path) -> None:
    finished = cli("schema", "migrate", database)

    assert finished.code == 0
    assert finished.out == f"{database} has schema version {SCHEMA_VERSION} already\n"
    report = json.loads(cli("schema", "migrate", database, "--json").out)
    assert report == {"from_version": SCHEMA_VERSION, "to_version": SCHEMA_VERSION, "backup": None}


def test_migrate_refuses_a_newer_database_and_makes_no_new_one(
    cli: Run, database: Path, tmp_path: Path
) -> None:
    with duckdb.connect(database) as connection:
        connection.execute("UPDATE otel.schema_version SET version = 99")

    newer = cli("schema", "migrate", database)
    missing = cli("schema", "migrate", "none.duckdb")

    assert newer.code == missing.code == 3
    assert "schema version 99" in newer.err
    assert "no database at" in missing.err
    assert not (tmp_path / "none.duckdb").exists()


@pytest.mark.parametrize("command", ["apply", "check", "migrate"])
def test_a_database_that_is_not_ours_to_read_ends_with_3(
    cli: Run, tmp_path: Path, command: str
) -> None:
    (tmp_path / "picture.duckdb").write_bytes(b"PNG" * 10_000)

    finished = cli("schema", command, "picture.duckdb")

    assert finished.code == 3
    assert finished.err.count("\n") == 1

"""The database file is its owner's: its mode, its name, and what a missing table in it means."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from otel_forgesyte_duckdb import Settings, reading, writing
from otel_forgesyte_schema.errors import ConfigError

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from tests.duckdb.conftest import Target


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_new_database_is_private_and_a_mode_its_owner_chose_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    with writing(path):
        assert _mode(path) == 0o600
    path.chmod(0o660)
    with writing(path):
        pass
    assert _mode(path) == 0o660


def test_a_database_we_may_write_and_do_not_own_takes_records(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing(target.path):
        pass

    def refused(path: Path, mode: int) -> None:
        raise PermissionError(1, "Operation not permitted", os.fspath(path), mode)

    monkeypatch.setattr(Path, "chmod", refused)
    target.tracer().start_span("s").end()
    target.shutdown()
    assert target.value("SELECT count(*) FROM otel.spans") == 1


def test_where_modes_cannot_be_changed_a_new_database_is_made_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: Path, mode: int) -> None:
        raise PermissionError(1, "Operation not permitted", os.fspath(path), mode)

    monkeypatch.setattr(Path, "chmod", refused)
    with writing(tmp_path / "a.duckdb") as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    with writing(tmp_path / "a.duckdb") as connection:
        assert connection.execute("FROM kept").fetchall() == [(1,)]


def test_a_missing_table_is_never_a_python_variable(tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    segments = duckdb.sql("SELECT 'taken' AS segment")
    with writing(path) as connection:
        for name in ("otel.segments", "segments"):
            with pytest.raises(duckdb.CatalogException):
                connection.execute(f"FROM {name}")
    with reading(path) as connection:
        for name in ("otel.segments", "segments"):
            with pytest.raises(duckdb.CatalogException):
                connection.execute(f"FROM {name}")
    assert segments is not None
    assert segments.fetchall() == [("taken",)]


@pytest.mark.parametrize("sign", ["?", "\\"])
@pytest.mark.parametrize("where", ["a{}b.duckdb", "a{}b/t.duckdb"])
def test_a_path_with_a_sign_that_duckdb_misreads_is_refused(where: str, sign: str) -> None:
    with pytest.raises(ConfigError, match=f"no `{re.escape(sign)}` may be in the path"):
        Settings.resolve(database=where.format(sign))


def test_a_working_directory_with_a_question_mark_is_refused_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a?b").mkdir()
    monkeypatch.chdir(tmp_path / "a?b")
    for given in ({"database": "t.duckdb"}, {}):
        with pytest.raises(ConfigError, match=r"no `[?]` may be in the path"):
            Settings.resolve(**given)


WITHOUT_ROOM = """
    import resource, signal, sys
    import duckdb
    from otel_forgesyte_duckdb import writing

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (6_000, most))
    try:
        with writing(sys.argv[1]):
            pass
    except duckdb.Error as error:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        print("refused")
"""


def test_a_database_that_a_full_disk_kept_from_being_made_leaves_no_half_a_file(
    tmp_path: Path, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = run_python(WITHOUT_ROOM, tmp_path / "a.duckdb")
    assert done.stdout == "refused\n", done.stderr
    assert list(tmp_path.glob("a.duckdb*")) == []


def test_a_link_to_a_database_that_cannot_be_made_stays(
    tmp_path: Path, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    (tmp_path / "current.duckdb").symlink_to("today.duckdb")
    done = run_python(WITHOUT_ROOM, tmp_path / "current.duckdb")
    assert done.stdout == "refused\n", done.stderr
    assert [each.name for each in tmp_path.glob("*.duckdb*")] == ["current.duckdb"]
    assert (tmp_path / "current.duckdb").is_symlink()


def test_links_in_a_circle_are_an_error_of_the_database_and_stay(tmp_path: Path) -> None:
    (tmp_path / "a.duckdb").symlink_to("b.duckdb")
    (tmp_path / "b.duckdb").symlink_to("a.duckdb")
    with pytest.raises(duckdb.Error), writing(tmp_path / "a.duckdb"):
        pass
    assert len(list(tmp_path.iterdir())) == 2

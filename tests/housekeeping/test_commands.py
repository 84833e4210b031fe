"""`prune`, `compact`, `backup`, `summary`: what they say, how they end, what they leave alone."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from otel_forgesyte.cli.application import app
from otel_forgesyte_duckdb import writing
from otel_forgesyte_schema import SCHEMA_VERSION
from tests.housekeeping.conftest import ALL_VISIBLE, Kept, make_kept
from tests.soak.disk import small_disk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., tuple[int, str, str]]

_START = "from otel_forgesyte.cli import main; main()"
HOLDING = """
import sys
from otel_forgesyte_duckdb import writing
with writing(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""
EVERY = ("prune --older-than 30d", "compact", "backup copy.duckdb", "summary")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in the database's folder; returns its exit code and what it said."""
    monkeypatch.chdir(tmp_path)

    def command(line: str) -> tuple[int, str, str]:
        code = app(line.split(), prog_name="otel-forgesyte", standalone_mode=False)
        said = capsys.readouterr()
        return int(code), said.out, said.err

    return command


def documents(said: tuple[int, str, str]) -> Any:
    code, out, err = said
    assert (code, err) == (0, "")
    return json.loads(out)


def test_prune_names_what_went_from_each_table(kept: Kept, run: Run) -> None:
    code, out, err = run("prune --older-than 1d --table spans --table job_metrics")

    assert (code, err) == (0, "")
    lines = [line.split("\t") for line in out.splitlines()]
    assert [line[:2] for line in lines] == [
        ["table", "rows"],
        ["spans", "400"],
        ["job_metrics", "400"],
    ]
    assert int(lines[1][2]) > 0
    assert kept.value("SELECT count(*) FROM otel.spans") == 0
    assert kept.value("SELECT count(*) FROM otel.logs") == 400
    assert run("prune --older-than 1d --table spans") == (0, "table\trows\tbytes\n", "")


def test_prune_does_what_is_configured_and_asks_where_nothing_is(
    kept: Kept, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = run("prune")
    assert (code, out) == (2, "")
    assert "nothing may go: give --older-than or --max-bytes, or set the retention" in err

    monkeypatch.setenv("OTEL_EXPORTER_DUCKDB_RETENTION", "logs=30d")
    [pruned] = documents(run("prune --json"))
    assert (pruned["table"], pruned["rows"]) == ("logs", 400)
    assert kept.value("SELECT count(*) FROM otel.spans") == 400


def test_a_dry_run_says_it_and_leaves_the_file_as_it_is(kept: Kept, run: Run) -> None:
    before = kept.path.read_bytes()
    pruned = documents(run("prune --older-than 30d --dry-run --json"))

    assert {each["table"]: each["rows"] for each in pruned} == {
        "spans": 400,
        "metric_points": 400,
        "logs": 400,
        "job_metrics": 400,
        "plugin_metrics": 400,
        "overlay_metrics": 0,
        "device_usage": 0,
    }
    code, _, err = run("prune --max-bytes 10MB --dry-run")
    assert (code, err) == (
        0,
        "what goes for its size shows only as it goes: not counted here\n",
    )
    assert kept.path.read_bytes() == before


def test_an_archive_can_lie_where_a_copy_without_a_spool_is_pruned(
    kept: Kept, run: Run, tmp_path: Path
) -> None:
    kept.settings.spool.rmdir()
    pruned = documents(run("prune --older-than 30d --table spans --archive parquet --json"))

    assert pruned[0]["rows"] == 400
    assert len(list((tmp_path / "parquet").rglob("*.parquet"))) == 4
    assert kept.visible() == ALL_VISIBLE


def test_what_is_missing_is_named_and_forgotten_only_when_told(
    kept: Kept, run: Run, tmp_path: Path
) -> None:
    run("prune --older-than 30d --table spans --archive parquet")
    gone = min((tmp_path / "parquet").rglob("*.parquet"))
    gone.unlink()

    dry = run("prune --forget-missing --dry-run")
    assert dry == (0, "table\trows\tbytes\n", f"would forget {gone}\n")
    assert run("prune --forget-missing") == (0, "table\trows\tbytes\n", f"forgot {gone}\n")
    assert kept.value("SELECT count(*) FROM otel.traces") == 300
    assert run("prune --forget-missing") == (0, "table\trows\tbytes\n", "")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("prune --older-than 1d --table span", "no table 'span'; there are spans, metric_points,"),
        ("prune --older-than tomorrow", "give an age such as 12h, 30d or 8w"),
        ("prune --max-bytes 1MB", "give at least 10MB"),
        ("prune --max-bytes 10MB --table spans", "--max-bytes looks at all tables"),
        ("summary --per decade", "'decade' is not one of 'minute', 'hour', 'day'"),
        ("backup telemetry.duckdb --overwrite", "is the database itself: give another name"),
        ("backup", "Missing argument 'FILE'"),
    ],
)
def test_a_wrong_command_line_ends_with_2_and_says_what_fits(
    kept: Kept, run: Run, line: str, says: str
) -> None:
    code, out, err = run(line)
    assert (code, out) == (2, "")
    assert says in err
    assert kept.visible() == ALL_VISIBLE


@pytest.mark.parametrize("line", EVERY)
def test_a_missing_database_ends_with_3_and_none_is_made(
    run: Run, tmp_path: Path, line: str
) -> None:
    code, out, err = run(line)
    assert (code, out) == (3, "")
    assert f"there is no database at {tmp_path / 'telemetry.duckdb'}" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("line", EVERY)
def test_a_newer_database_ends_with_3(kept: Kept, run: Run, tmp_path: Path, line: str) -> None:
    with writing(kept.path) as connection:
        newer = f"INSERT INTO otel.schema_version VALUES ({SCHEMA_VERSION + 1}, now(), '9.0')"
        connection.execute(newer)
    code, out, err = run(line)
    assert (code, out) == (3, "")
    assert f"the database has schema version {SCHEMA_VERSION + 1}" in err
    assert {each.name for each in tmp_path.iterdir()} <= {kept.path.name, kept.settings.spool.name}


@pytest.mark.slow
def test_a_held_database_ends_with_3_and_names_who_holds_it(kept: Kept) -> None:
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    holder = subprocess.Popen([sys.executable, "-c", HOLDING, str(kept.path)], **pipes)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    # All at the same time, as each waits ten seconds.
    asking = [
        subprocess.Popen(
            [sys.executable, "-c", _START, *line.split()],
            cwd=kept.path.parent,
            stderr=subprocess.PIPE,
            **pipes,
        )
        for line in EVERY
    ]
    said = [each.communicate(timeout=60) for each in asking]
    holder.communicate(timeout=60)

    assert [each.returncode for each in asking] == [3] * len(EVERY)
    assert all(f"process {holder.pid}" in err for _, err in said)
    assert kept.visible() == ALL_VISIBLE


def test_compact_says_how_long_the_file_was_and_is(kept: Kept, run: Run) -> None:
    before = kept.path.stat().st_size
    code, out, err = run("compact")
    assert (code, err) == (0, "")
    assert out == f"{kept.path} went from {before} to {kept.path.stat().st_size} bytes\n"
    again = documents(run("compact --json"))
    assert list(again) == ["bytes_before", "bytes_after"]


def test_backup_says_where_the_copy_is_and_keeps_one_that_is_there(
    kept: Kept, run: Run, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.duckdb"
    code, out, err = run("backup copy.duckdb")
    assert (code, err) == (0, "")
    assert out == f"{copy}: {copy.stat().st_size} bytes, compared with the original\n"

    code, out, err = run("backup copy.duckdb")
    assert (code, out) == (2, "")
    assert f"{copy} is there already: give another name, or --overwrite" in err
    told = documents(run("backup copy.duckdb --overwrite --json"))
    assert told == {"backup": str(copy), "bytes": copy.stat().st_size}
    code, out, err = run("backup nowhere/copy.duckdb")
    assert (code, out) == (3, "")
    assert kept.visible() == ALL_VISIBLE


def test_too_little_disk_ends_with_3_and_the_old_file_stands(run: Run, tmp_path: Path) -> None:
    place = tmp_path / "small"
    place.mkdir()
    with small_disk(place, 100_000_000) as disk:
        if disk is None:
            pytest.skip("this user may not mount a file system")
        kept = make_kept(place)
        disk.fill(spare=500_000)
        compacted = run(f"compact -d {kept.path}")
        backed_up = run(f"backup {place}/copy.duckdb -d {kept.path}")

        assert (compacted[0], compacted[1]) == (3, "")
        assert re.search(rf"{place}: the copy needs \d+ bytes, and \d+ are free", compacted[2])
        assert (backed_up[0], backed_up[1]) == (3, "")
        assert sorted(place.iterdir()) == [kept.path, kept.settings.spool]
        assert kept.visible() == ALL_VISIBLE
        disk.free()
        assert run(f"compact -d {kept.path}")[0] == 0


def test_summary_tells_of_rows_that_are_gone(kept: Kept, run: Run) -> None:
    before = documents(run("summary --per month --json"))
    run("prune --older-than 30d --table job_metrics --table plugin_metrics")

    assert kept.value("SELECT count(*) FROM otel.finished_runs") == 0
    assert documents(run("summary --per month --json")) == before
    assert [(r["operation"], r["plugin"], r["runs"], r["errors"]) for r in before] == [
        ("job", "ocr", 400, 0),
        ("plugin", "ocr", 400, 80),
    ]
    header, job, _ = run("summary --per month")[1].splitlines()
    assert header.split("\t")[:7] == [
        "period", "operation", "plugin", "tool", "runs", "errors", "error_rate",
    ]  # fmt: skip
    assert job.startswith("2026-02-01")
    assert run("summary --last 1d")[1].splitlines() == [header]

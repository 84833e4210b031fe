"""One answer, four shapes: a table on a terminal, tab-separated text in a pipe, JSON, files."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import duckdb
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Finished

    Run = Callable[..., Finished]


def test_in_a_pipe_rows_are_tab_separated_under_their_names(cli: Run, database: Path) -> None:
    finished = cli("jobs", "--database", database)

    assert (finished.code, finished.err) == (0, "")
    lines = [line.split("\t") for line in finished.out.splitlines()]
    assert lines[0] == ["plugin", "status", "jobs", "avg_duration_ms", "last_created_at"]
    assert lines[1] == ["faces", "done", "2", "800.0", "2026-01-02T03:05:00Z"]
    assert lines[4][:4] == ["text", "running", "2", ""]


def test_on_a_terminal_rows_are_a_table(terminal: Run, database: Path) -> None:
    finished = terminal("plugins", "-d", database)

    assert finished.code == 0
    assert "Plugin durations" in finished.out
    plain = re.sub(r"\x1b\[\d*m", "", finished.out)
    lines = [line.split() for line in plain.splitlines()]
    assert ["plugin", "tool", "runs", "failures", "avg_ms", "p50_ms", "p95_ms", "p99_ms",
            "max_ms"] in lines  # fmt: skip
    assert ["faces", "detect", "3", "1", "140", "100", "280", "296", "300"] in lines
    assert ["text", "-", "1", "0", "5", "5", "5", "5", "5"] in lines


def test_on_a_narrow_terminal_long_texts_give_way_and_a_row_stays_a_line(
    terminal: Run, database: Path
) -> None:
    query = "SELECT 'the-id-of-a-job' AS job_id, repeat('long ', 30) AS reason"

    finished = terminal("sql", query, "-d", database, COLUMNS="60")

    (row,) = [line for line in finished.out.splitlines() if "the-id-of-a-job" in line]
    assert row.rstrip().endswith("…")
    assert len(row) <= 60


def test_a_terminal_shows_200_rows_and_says_how_to_get_the_rest(
    terminal: Run, database: Path
) -> None:
    finished = terminal("sql", "SELECT * FROM range(1000)", "-d", database)

    assert " 199 " in finished.out
    assert " 200 " not in finished.out
    assert "… 800 more rows: --csv, --parquet, --json or a pipe gives all of them" in finished.out


def test_no_rows_are_said_to_be_no_rows(terminal: Run, database: Path) -> None:
    assert "Frames of j2: no rows" in terminal("overlay", "j2", "-d", database).out


@pytest.mark.parametrize("where", ["before", "after"])
def test_json_and_database_may_stand_before_or_after_the_command(
    cli: Run, database: Path, where: str
) -> None:
    options = ["--json", "--database", str(database)]

    finished = cli(*options, "devices") if where == "before" else cli("devices", *options)

    assert finished.code == 0, finished.err
    assert json.loads(finished.out)[1] == {
        "device_requested": "gpu",
        "device_used": "cpu",
        "fallback": True,
        "decisions": 1,
        "jobs": 1,
        "rate": 0.5,
        "fallback_rate": 0.5,
        "last_reason": "no CUDA here",
    }


def test_the_option_after_the_command_wins(cli: Run, database: Path, tmp_path: Path) -> None:
    finished = cli("-d", tmp_path / "other.duckdb", "jobs", "-d", database)

    assert finished.code == 0, finished.err


def test_the_database_comes_from_the_environment_too(cli: Run, database: Path) -> None:
    named = database.rename(database.with_name("elsewhere.duckdb"))

    finished = cli("jobs", "--json", OTEL_EXPORTER_DUCKDB_DATABASE=str(named))

    assert len(json.loads(finished.out)) == 4


def test_no_rows_are_an_empty_json_array(cli: Run, database: Path) -> None:
    assert json.loads(cli("overlay", "j2", "--json", "-d", database).out) == []


def test_json_holds_times_in_utc_exact_numbers_and_embedded_json(cli: Run, database: Path) -> None:
    finished = cli(
        "sql", "--json", "-d", database,
        "SELECT TIMESTAMP '2026-01-02 03:04:05.25' AS t, 18446744073709551615::UBIGINT AS big, "
        "'NaN'::DOUBLE AS nan, NULL AS none, '{\"a\": [1]}'::JSON AS j, "
        "TIMESTAMPTZ '2026-01-02 12:04:05+09' AS zoned, '\\xAA'::BLOB AS blob, "
        "'00000000-0000-0000-0000-00000000000a'::UUID AS id, INTERVAL 90 SECONDS AS length",
    )  # fmt: skip

    assert json.loads(finished.out) == [
        {
            "t": "2026-01-02T03:04:05.250000Z",
            "big": 18446744073709551615,
            "nan": None,
            "none": None,
            "j": {"a": [1]},
            "zoned": "2026-01-02T03:04:05Z",
            "blob": "aa",
            "id": "00000000-0000-0000-0000-00000000000a",
            "length": 90.0,
        }
    ]


def test_rows_go_to_csv_and_parquet_files(cli: Run, database: Path, tmp_path: Path) -> None:
    finished = cli("plugins", "-d", database, "--csv", "p.csv", "--parquet", "p.parquet")

    assert (finished.code, finished.out) == (0, "")
    assert finished.err == "wrote p.csv\nwrote p.parquet\n"
    csv = (tmp_path / "p.csv").read_text(encoding="utf-8").splitlines()
    assert csv[0] == "plugin,tool,runs,failures,avg_ms,p50_ms,p95_ms,p99_ms,max_ms"
    assert csv[1].startswith("faces,detect,3,1,140.0,100.0,280.0,")
    parquet = duckdb.connect().read_parquet(str(tmp_path / "p.parquet"))
    assert parquet.project("plugin, runs").fetchall() == [("faces", 3), ("faces", 1), ("text", 1)]


def test_a_file_and_json_can_be_asked_for_together(cli: Run, database: Path) -> None:
    finished = cli("jobs", "-d", database, "--csv", "jobs.csv", "--json")

    assert len(json.loads(finished.out)) == 4


def test_a_file_that_cannot_be_written_is_the_callers_mistake(cli: Run, database: Path) -> None:
    finished = cli("jobs", "-d", database, "--csv", "no/such/folder/jobs.csv")

    assert finished.code == 2
    assert finished.err.startswith("otel-forgesyte: cannot write no/such/folder/jobs.csv: ")
    assert finished.err.count("\n") == 1


def test_sql_is_read_from_standard_input_too(cli: Run, database: Path) -> None:
    finished = cli("sql", "-", "-d", database, stdin="SELECT count(*) AS n FROM job_metrics")

    assert finished.out == "n\n6\n"


def test_running_jobs_can_be_limited_by_age(cli: Run, database: Path) -> None:
    every = cli("jobs", "--running", "-d", database, "--json")
    old = cli("jobs", "--running", "--older-than", "1h", "-d", database, "--json")

    assert [job["job_id"] for job in json.loads(every.out)] == ["stuck", "fresh"]
    assert [job["job_id"] for job in json.loads(old.out)] == ["stuck"]


def test_failed_jobs_come_with_their_reason(cli: Run, database: Path) -> None:
    finished = cli("jobs", "--failed", "-d", database, "--json")

    assert json.loads(finished.out) == [
        {
            "job_id": "j3",
            "plugin": "faces",
            "created_at": "2026-01-02T03:06:00Z",
            "duration_ms": 30,
            "error_message": "no face in this picture",
        }
    ]


def test_the_latest_jobs_are_listed_one_a_row(cli: Run, database: Path) -> None:
    finished = cli("jobs", "--latest", "2", "-d", database)

    assert [line.split("\t")[0] for line in finished.out.splitlines()] == [
        "job_id", "fresh", "stuck",
    ]  # fmt: skip


def test_frames_of_one_job_are_listed_in_order(cli: Run, database: Path) -> None:
    finished = cli("overlay", "j1", "-d", database)

    assert finished.out.splitlines() == [
        "frame_index\trender_time_ms\tdropped_frames\tfps\tcreated_at",
        "0\t0\t0\t\t2026-01-02T03:04:05.700000Z",
        "1\t3\t2\t25.0\t2026-01-02T03:04:05.740000Z",
    ]

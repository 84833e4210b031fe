"""Both sides of a row do the same work: equal rows, equal answers, and nothing dropped."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks import filters, gil, growth, memory, questions, sizes, sqlite, storage, stored
from benchmarks.harness import CaseFailed, run_case
from benchmarks.log_lines import redacted_line
from benchmarks.log_record import SECRET
from benchmarks.spans import BATCH, batches
from benchmarks.statements import statement
from otel_forgesyte_duckdb import reading

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.harness import Case

_LEAST = 2_048
_RUN_TABLES = ("job_metrics", "plugin_metrics", "overlay_metrics", "device_usage")


@pytest.fixture(autouse=True)
def smallest_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> sizes.Run:
    run = sizes.Run(scale=0.0, data=tmp_path, cache=tmp_path / "cache")
    for name, value in run.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return run


def _count(path: Path, table: str) -> int:
    with reading(path) as connection:
        ((count,),) = connection.execute(f"SELECT count(*) FROM {table}").fetchall()
    return int(count)


def _count_in_sqlite(path: Path, table: str) -> int:
    with sqlite.opened(path) as connection:
        ((count,),) = connection.execute(f"SELECT count(*) FROM {table}").fetchall()
    return int(count)


def test_a_scale_of_one_is_what_the_targets_are_stated_for(tmp_path: Path) -> None:
    told = sizes.Run(scale=1.0, data=tmp_path, cache=tmp_path).sizes()

    assert told == "scale 1: 10,000,000 rows a table (P7, P8), 1,000,000 spans (P6, P9, P10)"


def test_a_smaller_run_says_what_it_is(tmp_path: Path) -> None:
    told = sizes.Run(scale=0.05, data=tmp_path, cache=tmp_path).sizes()

    assert told.startswith("scale 0.05: 500,000 rows a table (P7, P8), 50,000 spans")
    assert told.endswith("targets of P6 to P10 are stated for scale 1")


def test_both_databases_of_p8_hold_the_same_rows_and_give_the_same_answers(tmp_path: Path) -> None:
    questions.make()  # it compares the answers, and raises

    ours, theirs = tmp_path / "questions.duckdb", tmp_path / "questions.sqlite"
    assert [_count(ours, table) for table in _RUN_TABLES] == [_LEAST] * 4
    assert [_count_in_sqlite(theirs, table) for table in _RUN_TABLES] == [_LEAST] * 4


def test_the_data_of_p8_makes_every_question_worth_asking(tmp_path: Path) -> None:
    questions.make()

    with sqlite.opened(tmp_path / "questions.sqlite") as theirs:
        summary = sqlite.ask(theirs, "job_summary", {})
        durations = sqlite.ask(theirs, "plugin_duration", {})
        frames = sqlite.ask(theirs, "overlay_performance", {"job_id": "job-0000000010"})
        devices = sqlite.ask(theirs, "device_usage", {})

    assert {status for _, status, *_ in summary} == {"done", "error", "running"}
    assert len({plugin for plugin, *_ in durations}) == 12
    assert {tool for _, tool, *_ in durations} == {None, "tool-1", "tool-2"}
    assert [index for index, *_ in frames] == list(range(100))
    assert [row[:3] for row in devices] == [("cpu", "cpu", 0), ("gpu", "gpu", 0), ("gpu", "cpu", 1)]


def test_sqlite_answers_from_its_indexes_alone(tmp_path: Path) -> None:
    questions.make()

    with sqlite.opened(tmp_path / "questions.sqlite") as connection:
        for name in ("job_summary", "plugin_duration", "device_usage"):
            plan = connection.execute(f"EXPLAIN QUERY PLAN {statement(f'ask_{name}')}")
            steps = [step for *_, step in plan if "_metrics" in step or "device_usage" in step]
            assert steps, name
            assert all("USING COVERING INDEX" in step for step in steps), steps


def test_different_answers_stop_the_run() -> None:
    with pytest.raises(RuntimeError, match="the answers differ"):
        stored.compared("job_summary", [("faces", 1)], [("faces", 2)])
    with pytest.raises(RuntimeError, match="the answers differ"):
        stored.compared("job_summary", [("faces", 1)], [("faces", 1), ("edges", 1)])


def test_both_databases_of_p9_hold_the_same_attributes(tmp_path: Path) -> None:
    filters.make()

    with reading(tmp_path / "filters.duckdb") as connection:
        ours = connection.execute(
            "SELECT attributes FROM otel.spans ORDER BY start_time_unix_nano"
        ).fetchall()
    with sqlite.opened(tmp_path / "filters.sqlite") as connection:
        theirs = connection.execute("SELECT attributes FROM spans ORDER BY rowid").fetchall()
    assert len(ours) == _LEAST
    assert ours == theirs


def test_the_full_database_of_p7_is_what_batches_would_have_left(tmp_path: Path) -> None:
    growth.make()

    full = tmp_path / "growth.duckdb"
    tables = ("otel.spans", "job_metrics", "otel.job_keys", "plugin_metrics")
    quarter = _LEAST // 4  # a job's share of its spans
    assert [_count(full, table) for table in tables] == [_LEAST, quarter, quarter, 3 * quarter]


@pytest.mark.slow
def test_a_batch_of_p7_adds_the_same_to_a_full_and_to_an_empty_database(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(growth, "_TURNS", 1)
    growth.make()

    assert growth.onto_many()["added"] == 2 * 17 * BATCH
    Path("benchmark.duckdb").unlink()
    assert growth.onto_none()["added"] == 2 * 17 * BATCH


def test_sqlite_of_p10_holds_every_row_and_value_of_ours(tmp_path: Path) -> None:
    storage.make()

    ours, theirs = tmp_path / "storage.duckdb", tmp_path / "storage.sqlite"
    for table, expected in (("spans", 2_048), ("job_metrics", 512), ("plugin_metrics", 1_536)):
        assert _count_in_sqlite(theirs, table) == expected
    with reading(ours) as connection:
        described = connection.execute("DESCRIBE otel.spans").fetchall()
    with sqlite3.connect(theirs) as connection:
        columns = connection.execute("SELECT name FROM pragma_table_info('spans')").fetchall()
        attributes, trace_id = connection.execute(
            "SELECT attributes, trace_id FROM spans WHERE name LIKE 'job%'"
        ).fetchone()
    assert [name for (name,) in columns] == [name for name, *_ in described]
    assert '"app.upload.name":"holiday/job-' in attributes
    assert len(trace_id) == 16


@pytest.mark.parametrize("case", [memory.no_op, memory.child, memory.thread])
def test_p6_loses_no_span_on_either_side(case: Callable[[], Case]) -> None:
    figures = case()

    assert figures["spans"] == 2_048
    assert figures["peak_rss_mb"] > 10


@pytest.mark.parametrize("case", [gil.late_no_op, gil.late_child])
def test_the_paced_load_of_p6_loses_no_span_either(
    case: Callable[[], Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gil, "_START", 1)
    monkeypatch.setattr(gil, "_STEADY", 1)

    figures = case()  # it counts them, and raises

    assert 0 < figures["late_p50_us"] <= figures["late_p99_us"]
    assert figures["late_max_ms"] > 0


def test_the_gil_is_charged_to_whoever_was_seen_holding_it() -> None:
    main = "_run_module_as_main (<frozen runpy>:198)"
    load = f"{main};under_load (memory.py:131)"
    thread = "Thread._bootstrap (threading.py:1002);Thread._bootstrap_inner (threading.py:1045)"
    importing = "_find_and_load (<frozen importlib._bootstrap>:1176)"
    watched = [
        f"{load};make_job (spans.py:62) 40",
        f"{load};force_flush (x.py:9) 6",
        f"{thread};worker (x.py:2) 4",
        f"{thread};{importing} 12",
        f"{main};{importing} 9",
    ]

    figures = gil.shares("\n".join(watched), spans=10_000)

    # A hundred looks a second: each stands for 10 ms.
    assert figures == {"gil_us": 10.0, "make_gil_us": 40.0, "import_gil_ms": 120.0}


def test_spans_come_in_batches_of_jobs_with_eight_attributes_each() -> None:
    first, second = batches(2)

    assert [len(first), len(second)] == [512, 512]
    assert {len(span.attributes or {}) for span in first} == {8}
    jobs = {str((span.attributes or {})["forgesyte.job.id"]) for span in first + second}
    assert len(jobs) == 256


def test_the_redacted_line_of_p13_tells_everything_but_the_secret() -> None:
    line = redacted_line().decode()

    assert SECRET not in line
    assert '"api_key":"[REDACTED]"' in line
    assert '"job_id":"photo-chelsea-ff5581"' in line


def test_a_case_that_breaks_is_told_with_what_it_wrote(smallest_run: sizes.Run) -> None:
    with pytest.raises(CaseFailed, match=r"questions\.duckdb"):
        run_case("questions:ours", smallest_run)

"""A database grows, every case finds what it asks for, and figures become tables and charts."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks import growth, sizes
from benchmarks.scale import cases, data
from benchmarks.scale.measures import CASES, MEASURES
from benchmarks.scale.section import with_section
from otel_forgesyte_duckdb import reading

if TYPE_CHECKING:
    from benchmarks.scale.measures import Step

_ROOT = Path(__file__).resolve().parents[2]
_SVG = "{http://www.w3.org/2000/svg}"


def _run(folder: Path, spans: int) -> sizes.Run:
    return sizes.Run(spans / sizes.STORED_ROWS, folder, folder / "cache")


def _asks_for(spans: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in _run(folder, spans).environment().items():
        monkeypatch.setenv(name, value)


def _count(sql: str) -> int:
    with reading(data.path()) as connection:
        ((count,),) = connection.execute(sql).fetchall()
    return int(count)


def _steps(*spans: float) -> list[Step]:
    """Figures that are the rows, or what is in proportion to them."""
    return [
        {case: {"spans": rows} for case in CASES}
        | {
            figure.case: {
                other.name: rows / 100
                for each in MEASURES
                for other in each.lines.values()
                if other.case == figure.case
            }
            | {"spans": rows}
            for measure in MEASURES
            for figure in measure.lines.values()
        }
        for rows in spans
    ]


def test_a_step_adds_what_is_missing_with_the_rows_that_drains_would_have_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _asks_for(4_000, tmp_path, monkeypatch)
    assert data.grow() == {"added": 4_000.0}
    _asks_for(6_000, tmp_path, monkeypatch)

    assert data.grow() == {"added": 2_000.0}

    counted = {
        "SELECT count(DISTINCT span_id) FROM otel.spans": 6_000,
        "SELECT count(DISTINCT trace_id) FROM otel.spans": 1_500,
        "SELECT count(DISTINCT job_id) FROM job_metrics": 1_500,
        "SELECT count(*) FROM job_metrics JOIN otel.job_keys USING (id)": 1_500,
        "SELECT count(*) FROM plugin_metrics": 4_500,
        "SELECT count(*) FROM otel.segments": 60,
        # Each row's own span agrees with it.
        "SELECT count(*) FROM job_metrics AS row JOIN otel.spans AS span USING (job_id)"
        " WHERE span.name = 'job photo' AND span.start_time_unix_nano = row.created_at"
        " AND span.duration_ns // 1000000 = row.duration_ms": 1_500,
        "SELECT count(*) FROM otel.spans WHERE len(json_keys(attributes)) = 8": 6_000,
    }
    assert {sql: _count(sql) for sql in counted} == counted


def test_what_the_exporter_adds_counts_at_the_next_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _asks_for(4_000, tmp_path, monkeypatch)
    data.grow()

    added = growth.drained(data.path(), 4_000, turns=1, first_job=4_000)["added"]

    assert added == 2 * 17 * 512
    _asks_for(4_000 + 2 * 17 * 512 + 400, tmp_path, monkeypatch)
    assert data.grow() == {"added": 400.0}
    assert _count("SELECT count(DISTINCT job_id) FROM job_metrics") == (4_400 + 2 * 17 * 512) // 4


@pytest.mark.parametrize(
    "name", [case.partition(":")[2] for case in CASES if "drained" not in case]
)
def test_a_case_finds_what_it_asks_for(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _asks_for(4_000, tmp_path, monkeypatch)
    monkeypatch.setattr("benchmarks.asking._ENOUGH_S", 0.0)
    data.grow()

    figures = getattr(cases, name)()

    assert all(math.isfinite(value) and value >= 0 for value in figures.values())


def test_a_case_that_finds_nothing_gives_no_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _asks_for(4_000, tmp_path, monkeypatch)
    data.grow()
    monkeypatch.setattr(cases, "_JOBS_A_SECOND", 0.001)  # its newest hour has not come yet

    with pytest.raises(RuntimeError, match="0 rows were found"):
        cases.newest_hour()


def test_every_figure_of_a_chart_comes_from_a_case_with_a_sentence() -> None:
    for case in CASES:
        module, _, function = case.partition(":")
        assert getattr(import_module(f"benchmarks.{module}"), function).__doc__, case


def test_a_results_file_keeps_both_parts_whichever_command_wrote_last(tmp_path: Path) -> None:
    results = tmp_path / "RESULTS.md"
    record = {"surroundings": {"command": "python -m benchmarks.scale"}, "steps": _steps(1e6, 1e7)}
    (tmp_path / "scale.json").write_text(json.dumps(record), encoding="utf-8")

    once = with_section("# Results\n\nrows\n", results)
    again = with_section("# Results\n\nother rows\n", results)

    assert once.startswith("# Results\n\nrows\n\n## Scale\n")
    assert again.startswith("# Results\n\nother rows\n\n## Scale\n")
    assert with_section(once, results) == once
    assert "|  | 1,000,000 spans | 10,000,000 spans | 10 x the rows |" in once
    assert "| Draining a batch: 8,192 spans, ms of CPU | 10,000 | 100,000 | x 10 |" in once
    assert "![Draining a batch](charts/drain.svg)" in once
    assert "- command: python -m benchmarks.scale\n" in once


def test_without_figures_a_results_file_has_no_section_on_scale(tmp_path: Path) -> None:
    assert with_section("# Results\n\nrows\n", tmp_path / "RESULTS.md") == "# Results\n\nrows\n"


def test_the_same_figures_give_the_same_charts_with_title_unit_and_lines(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from benchmarks.scale.charts import draw

    for folder in (tmp_path / "once", tmp_path / "again"):
        draw(MEASURES, _steps(1e5, 1e6, 1e7), folder)

    for measure in MEASURES:
        file = tmp_path / "once" / f"{measure.name}.svg"
        assert file.read_bytes() == (tmp_path / "again" / file.name).read_bytes()
        texts = {"".join(text.itertext()).strip() for text in ET.parse(file).iter(f"{_SVG}text")}  # noqa: S314 - ours
        labels = [*measure.lines] if len(measure.lines) > 1 else []
        assert texts >= {measure.title, measure.unit, "spans in the file", "1 M", *labels}


def _scale(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, ended, in that folder."""
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.scale", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join((str(_ROOT), *sys.path))},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.slow
def test_the_command_measures_draws_and_removes_its_data(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    written = tmp_path / "RESULTS.md"
    command = ["--spans", "2048", "--data", "data", "--write", str(written)]

    ended = _scale(tmp_path, *command)

    assert ended.returncode == 0, ended.stderr
    record = json.loads((tmp_path / "scale.json").read_text(encoding="utf-8"))
    (step,) = record["steps"]
    assert step["scale.cases:file"]["spans"] == 2_048
    assert all(step[each.case][each.name] > 0 for m in MEASURES for each in m.lines.values())
    assert written.read_text(encoding="utf-8").startswith("# Results\n\n## Scale\n")
    assert sorted(file.stem for file in (tmp_path / "charts").iterdir()) == sorted(
        measure.name for measure in MEASURES
    )
    assert list((tmp_path / "data").iterdir()) == []


def test_a_disk_that_is_too_small_is_told_before_anything_is_made(tmp_path: Path) -> None:
    ended = _scale(tmp_path, "--spans", "1e15", "--data", str(tmp_path))

    assert ended.returncode == 1
    assert "give a larger disk with --data, or fewer spans with --spans" in ended.stderr
    assert list((tmp_path / "scale").iterdir()) == []

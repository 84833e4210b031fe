"""The same spool, drained into each kind of target, gives the same answers."""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from otel_forgesyte import configure, constant, device_fallback, frame, job, plugin, report_device
from otel_forgesyte.reading import Reader, open_reader
from otel_forgesyte_duckdb import Settings, drain
from tests.lake.conftest import Lake
from tests.quack.conftest import Server
from tests.targets.extensions import skip_without
from tests.waiting import wait_for

skip_without("ducklake", "postgres", "quack", "httpfs")


@plugin(plugin=constant("faces"), tool=constant("cascade"))
def find_faces() -> dict[str, Any]:
    report_device("gpu", "cpu", "no 'driver' \\ here\n")
    return {"boxes": []}


@plugin(plugin=constant("edges"))
@device_fallback("gpu", "cpu")
def measure_edges(device: str) -> None:
    if device == "gpu":
        raise OSError('no "gpu" {here}')


@job
def photo(job_id: str) -> None:
    find_faces()
    measure_edges("gpu")
    with frame(1):
        pass
    if job_id.endswith("3"):
        raise ValueError("broken'); DROP TABLE job_metrics; --")


@pytest.fixture
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What eight runs of each of five jobs left, with nobody to drain it."""
    monkeypatch.setenv("OTEL_EXPORTER_DUCKDB_DRAIN", "external")
    folder = tmp_path / "spool"
    for _ in range(2):
        with configure(database=tmp_path / "never.duckdb", spool_directory=folder):
            for number in range(20):
                with suppress(ValueError):
                    photo(f"job-{number % 5}")
    monkeypatch.delenv("OTEL_EXPORTER_DUCKDB_DRAIN")
    return folder


def _answers(reader: Reader) -> dict[str, Any]:
    return {
        "jobs": reader.job_summary().fetchall(),
        "plugins": reader.avg_plugin_duration().fetchall(),
        "frames": reader.overlay_performance("job-2").fetchall(),
        "devices": reader.device_usage_stats().fetchall(),
        "job": dataclasses.asdict(reader.job("job-3")),
        "rows": reader.sql("SELECT * FROM job_metrics ORDER BY id").fetchall(),
        "spans": reader.sql("SELECT * FROM otel.spans ORDER BY trace_id, span_id").fetchall(),
        "logs": reader.sql("SELECT * FROM otel.logs ORDER BY ALL").fetchall(),
    }


@pytest.fixture
def expected(spool: Path, tmp_path: Path) -> dict[str, Any]:
    """The answers of a DuckDB file."""
    answers = _answers(_drained(Settings.resolve(database=tmp_path / "plain.duckdb"), spool))
    assert [len(answers[name]) for name in ("jobs", "plugins", "devices")] == [2, 2, 1]
    assert [len(answers[name]) for name in ("rows", "frames", "spans")] == [5, 8, 120]
    return answers


def test_a_lake_with_its_catalog_in_postgresql_answers_as_a_file_does(
    expected: dict[str, Any], spool: Path, lake: Lake
) -> None:
    assert _answers(_drained(lake.settings(), spool)) == expected


def test_a_lake_with_its_catalog_in_a_file_answers_as_a_file_does(
    expected: dict[str, Any], spool: Path, tmp_path: Path
) -> None:
    lake = f"ducklake:{tmp_path}/catalog.ducklake"
    settings = Settings.resolve(database=lake, data_path=str(tmp_path / "files"))
    assert _answers(_drained(settings, spool)) == expected


def test_a_server_answers_as_a_file_does(
    expected: dict[str, Any], spool: Path, serve: Callable[..., Server], tmp_path: Path
) -> None:
    shutil.copytree(spool, tmp_path / "served.duckdb.spool")
    reader = open_reader(serve(name="served").uri)
    count = f"SELECT count(*) = {len(expected['spans'])} FROM otel.spans"
    wait_for(lambda: reader.sql(count).fetchall() == [(True,)])
    assert _answers(reader) == expected


def _drained(settings: Settings, spool: Path) -> Reader:
    own = dataclasses.replace(settings, spool_directory=tempfile.mkdtemp(dir=spool.parent))
    shutil.copytree(spool, own.spool, dirs_exist_ok=True)
    drain(own)
    return open_reader(settings.database)

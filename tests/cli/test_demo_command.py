"""`demo`: what it prints is what the database then says."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from otel_forgesyte.cli import app

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Finished

    Run = Callable[..., Finished]


def test_the_demo_says_what_it_recorded_and_what_to_type_next(cli: Run) -> None:
    pytest.importorskip("skimage", reason="the demo's own requirements are not installed")
    pytest.importorskip("PIL", reason="the demo's own requirements are not installed")

    finished = cli("demo", "--database", "demo.duckdb")

    assert finished.code == 0, finished.err
    assert re.match(r"serving http://127\.0\.0\.1:\d+/metrics while the demo runs\n", finished.err)
    assert "rows in demo.duckdb: job_metrics 14, " in finished.out
    assert "fell back: " in finished.out
    commands = re.findall(r"^  (otel-forgesyte .+)$", finished.out, re.MULTILINE)
    assert len(commands) >= 4
    for command in commands:
        _, *arguments = command.split()
        assert cli(*arguments).code == 0, command
    counted = json.loads(cli("sql", "-d", "demo.duckdb", "--json",
                             "SELECT count(*) AS n FROM job_metrics").out)  # fmt: skip
    assert counted == [{"n": 14}]


def test_4_where_the_demos_requirements_are_not_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def nothing_found(_: str) -> None:
        return None

    monkeypatch.setattr("otel_forgesyte.demo.run.find_spec", nothing_found)

    finished = CliRunner().invoke(app, ["demo", "-d", str(tmp_path / "demo.duckdb")])

    assert finished.exit_code == 4
    assert "pip install 'otel-forgesyte[demo]'" in finished.output
    assert not (tmp_path / "demo.duckdb").exists()

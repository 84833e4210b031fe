"""The README, held to its word: its code runs, its output is real, its table is complete."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from otel_forgesyte.cli import app
from otel_forgesyte.demo import pipeline

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_ten_lines_print_what_the_readme_shows(tmp_path: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "-c", _blocks("python")[0]],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        env={"PYTHONUTF8": "1", "PATH": ""},
        check=False,
    )
    assert finished.stderr == ""
    assert finished.stdout.rstrip() == _blocks("text")[1].rstrip()


def test_the_pipeline_shown_is_the_pipeline_run() -> None:
    source = Path(pipeline.__file__).read_text("utf-8")
    shown = _blocks("python")[1]
    for function in shown.split("\n\n\n"):
        assert function.strip() in source


@pytest.mark.slow
def test_the_demo_prints_what_the_readme_shows(tmp_path: Path) -> None:
    pytest.importorskip("skimage")
    database = tmp_path / "telemetry.duckdb"
    program = str(Path(sys.executable).with_name("otel-forgesyte"))
    finished = subprocess.run(
        [program, "demo", "--database", str(database)],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert finished.returncode == 0, finished.stderr

    def stable(text: str) -> list[str]:
        without_times = re.sub(r"\d+\.\d+ s", "T s", text)
        without_ports = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", without_times)
        return without_ports.replace(str(tmp_path) + "/", "").splitlines()

    promised = stable(_blocks("text")[0])
    assert stable(finished.stdout)[: len(promised)] == promised


def test_each_question_shown_is_one_the_reader_answers(tmp_path: Path) -> None:
    code = _blocks("python")[0] + _blocks("python")[2].replace(".df()", "").replace(".pl()", "")
    finished = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, check=False
    )
    assert finished.returncode == 0, finished.stderr.decode()


def test_every_setting_that_doctor_knows_stands_in_the_table(tmp_path: Path) -> None:
    database = str(tmp_path / "absent.duckdb")
    said = CliRunner().invoke(app, ["doctor", "--json", "--database", database]).output
    known = set(re.findall(r"OTEL_[A-Z_]+", said))
    table = README[README.index("## Configuration") :]
    promised = set(re.findall(r"^\| .*", table, re.MULTILINE))
    assert known - set(re.findall(r"OTEL_[A-Z_]+", "\n".join(promised))) == set()


def test_the_file_shown_configures(tmp_path: Path) -> None:
    (tmp_path / "otel.yaml").write_text(_blocks("yaml")[0])
    code = (
        _blocks("python")[0]
        .replace("with configure():", "with configure(config_file='otel.yaml') as telemetry:")
        .replace('"portrait.png")', '"portrait.png")\n    assert telemetry.status().works')
    )
    finished = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, check=False
    )
    assert finished.returncode == 0, finished.stderr.decode()
    assert b"job-1" in finished.stdout

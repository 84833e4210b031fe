"""`dashboards` and `rules`, as a developer and CI meet them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from otel_forgesyte.monitoring import dashboard_files, grafana, rule_files, rule_texts, rules
from otel_forgesyte.monitoring.folders import differing_files, write_files

ROOT = Path(__file__).parents[2]
_START = "from otel_forgesyte.cli import main; main()"
_NEEDS_CHECKOUT = pytest.mark.skipif(
    not (ROOT / "deploy" / "grafana").is_dir(), reason="deploy/ lies beside the package"
)
_APP = """
from otel_forgesyte import Objective, job

@job(objective=Objective(success=0.999, within_s=2.5))
def page_reader(job_id): ...

@job(objective=Objective())
def by_name(job_id, plugin): ...
"""

_CONTRADICTING_APP = """
from otel_forgesyte import Objective, constant, job, plugin

@job(objective=Objective(success=0.999))
def page_reader(job_id): ...

@plugin(plugin=constant("page_reader"), objective=Objective(fps=25))
def draw(): ...

@job(objective=Objective(success=0.95))
def once(job_id): ...

once = job(objective=Objective(success=0.95))(once)
"""


def _run(*arguments: str | Path, cwd: Path, code: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """The command, with the code of a checkout."""
    paths = os.pathsep.join(str(code / part) for part in ("", "exporters", "schema"))
    # From a wheel there is no such folder, and what is installed is found.
    return subprocess.run(
        [sys.executable, "-c", _START, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@_NEEDS_CHECKOUT
@pytest.mark.parametrize("what", ["dashboards", "rules"])
def test_what_lies_in_deploy_is_what_the_registry_gives(what: str) -> None:
    checked = _run(what, "check", cwd=ROOT)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_what_was_written_is_found_equal_until_it_is_changed(tmp_path: Path) -> None:
    folder = tmp_path / "generated"
    written = _run("rules", "write", folder, cwd=tmp_path)
    assert written.stdout == f"{folder}: 5 of 5 files changed\n"
    equal = _run("rules", "check", folder, cwd=tmp_path)
    assert (equal.returncode, equal.stderr) == (0, "")
    assert equal.stdout == f"{folder}: 5 files are what the registry gives\n"

    (folder / "jobs.yml").write_text("groups: []\n")
    changed = _run("rules", "check", folder, cwd=tmp_path)
    assert changed.returncode == 1
    assert changed.stdout == f"{folder}/jobs.yml is not what the registry gives\n"
    assert changed.stderr == f"run: otel-forgesyte rules write {folder}\n"


def test_a_missing_file_and_one_that_is_made_no_longer_are_named(tmp_path: Path) -> None:
    for texts, mark in (
        (dashboard_files(), grafana.MARK),
        (rule_texts(rule_files()), rules.MARK),
    ):
        folder = tmp_path / mark.strip('"# ')[:9]
        assert write_files(folder, texts, mark) == sorted(texts)
        assert write_files(folder, texts, mark) == []
        name = min(texts)
        outdated = f"renamed{Path(name).suffix}"
        (folder / name).rename(folder / outdated)
        own = folder / f"own{Path(name).suffix}"
        own.write_text("{}\n")
        assert differing_files(folder, texts, mark) == sorted([name, outdated])
        write_files(folder, texts, mark)
        assert differing_files(folder, texts, mark) == []
        assert own.exists()
        assert not (folder / outdated).exists()


def test_rules_hold_to_what_decorators_and_a_file_say_the_file_first(tmp_path: Path) -> None:
    (tmp_path / "application.py").write_text(_APP)
    (tmp_path / "objectives.yaml").write_text("objectives: {live_view: {success: 0.95}}\n")
    options = ("--app", "application", "--objectives", "objectives.yaml")
    written = _run("rules", "write", "rules", *options, cwd=tmp_path)
    assert written.returncode == 0
    assert "application.by_name has an objective, and its name comes with each call" in (
        written.stderr
    )
    document = yaml.safe_load((tmp_path / "rules" / "jobs.yml").read_text("utf-8"))
    rules = [rule for group in document["groups"] for rule in group["rules"]]
    assert {rule["labels"].get("objective") for rule in rules if "record" in rule} == {
        *("default", "live_view", "page_reader")
    }
    without = _run("rules", "check", "rules", cwd=tmp_path)
    assert without.returncode == 1

    (tmp_path / "objectives.yaml").write_text("objectives: {page_reader: {success: 0.95}}\n")
    again = _run("rules", "check", "rules", *options, cwd=tmp_path)
    assert again.returncode == 1
    assert again.stderr.endswith(
        "run: otel-forgesyte rules write --app application --objectives objectives.yaml rules\n"
    )


def test_two_objectives_for_one_name_are_told_until_the_file_says_which(tmp_path: Path) -> None:
    (tmp_path / "application.py").write_text(_CONTRADICTING_APP)
    options = ("rules", "write", "rules", "--app", "application")
    differing = _run(*options, cwd=tmp_path)
    assert differing.stderr == (
        "page_reader has several objectives that differ, and the last one counts: "
        "give the one that is meant in --objectives\n"
    )
    (tmp_path / "objectives.yaml").write_text("objectives: {page_reader: {fps: 20}}\n")
    decided = _run(*options, "--objectives", "objectives.yaml", cwd=tmp_path)
    assert (decided.returncode, decided.stderr) == (0, "")


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--app", "nowhere"), 2, "--app nowhere cannot be imported: ModuleNotFoundError"),
        (("--objectives", "nowhere.yaml"), 2, "nowhere.yaml cannot be read"),
        (("--objectives", "bad.yaml"), 2, "the objective of p says success=2"),
    ],
)
def test_what_cannot_be_used_is_told_in_one_line(
    options: tuple[str, ...], code: int, said: str, tmp_path: Path
) -> None:
    (tmp_path / "bad.yaml").write_text("objectives: {p: {success: 2}}\n")
    failed = _run("rules", "write", "rules", *options, cwd=tmp_path)
    assert failed.returncode == code
    assert said in failed.stderr
    assert failed.stderr.count("\n") == 1
    assert not (tmp_path / "rules").exists()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the sources, to rename things in."""
    copy = tmp_path / "checkout"
    for part in ("otel_forgesyte", "exporters", "schema", "deploy", "docs"):
        shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def _rename(checkout: Path, file: str, old: str, new: str) -> None:
    path = checkout / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def _generate(checkout: Path) -> None:
    subprocess.run([sys.executable, checkout / "schema/registry/generate.py"], check=True)


@_NEEDS_CHECKOUT
@pytest.mark.slow
def test_a_metric_renamed_in_the_registry_is_noticed_before_and_after_it_is_generated(
    checkout: Path,
) -> None:
    _rename(checkout, "schema/registry/job.yaml", "forgesyte.job.duration", "forgesyte.job.time")
    for what in ("dashboards", "rules"):
        before = _run(what, "check", cwd=checkout, code=checkout)
        assert before.returncode == 1
        assert "Out of date: run `python schema/registry/generate.py`" in before.stderr

    _generate(checkout)
    named = _run("rules", "check", cwd=checkout, code=checkout)
    assert named.returncode == 1
    assert "METRIC_FORGESYTE_JOB_DURATION" in named.stderr
    for path in (checkout / "otel_forgesyte").rglob("*.py"):
        text = path.read_text("utf-8")
        new = text.replace("METRIC_FORGESYTE_JOB_DURATION", "METRIC_FORGESYTE_JOB_TIME")
        path.write_text(new, encoding="utf-8")
    for what in ("dashboards", "rules"):
        after = _run(what, "check", cwd=checkout, code=checkout)
        assert after.returncode == 1
        assert "jobs." in after.stdout
        assert f"run: otel-forgesyte {what} write" in after.stderr


@_NEEDS_CHECKOUT
@pytest.mark.slow
def test_a_label_renamed_in_the_registry_changes_the_files(checkout: Path) -> None:
    for file in (checkout / "schema" / "registry").glob("*.yaml"):
        text = file.read_text("utf-8").replace("forgesyte.job.status", "forgesyte.job.outcome")
        file.write_text(text, encoding="utf-8")
    _generate(checkout)
    for path in (checkout / "otel_forgesyte").rglob("*.py"):
        text = path.read_text("utf-8")
        text = text.replace("FORGESYTE_JOB_STATUS", "FORGESYTE_JOB_OUTCOME")
        path.write_text(text.replace("JobStatusValues", "JobOutcomeValues"), encoding="utf-8")
    checked = _run("rules", "check", cwd=checkout, code=checkout)
    assert checked.returncode == 1
    assert checked.stdout == "deploy/prometheus/rules/jobs.yml is not what the registry gives\n"


@_NEEDS_CHECKOUT
@pytest.mark.slow
def test_a_name_in_a_question_that_the_registry_does_not_have_is_refused(checkout: Path) -> None:
    sql = "otel_forgesyte/monitoring/sql/health_spool.sql"
    _rename(checkout, sql, "forgesyte.spool.records", "forgesyte.spool.depth")
    for what in ("dashboards", "rules"):
        checked = _run(what, "check", cwd=checkout, code=checkout)
        assert checked.returncode == 1
        assert "sql/health_spool.sql asks for forgesyte.spool.depth" in checked.stderr

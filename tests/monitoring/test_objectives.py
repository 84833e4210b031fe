"""Objectives from decorators and files, and those that no rule could hold anything to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from otel_forgesyte import Objective
from otel_forgesyte.errors import ConfigError
from otel_forgesyte.monitoring import Objectives, read_objectives, rule_files, rule_texts

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_says_what_differs_from_the_default(tmp_path: Path) -> None:
    file = tmp_path / "objectives.yaml"
    file.write_text(
        "default: {success: 0.95}\n"
        "objectives:\n"
        "  page_reader: {within_s: 2.5, window_d: 7}\n"
        "  overlay: {fps: 25}\n"
        "  batch: {fps: null, running_s: 86400}\n"
    )
    assert read_objectives(file) == Objectives(
        Objective(success=0.95),
        {
            "page_reader": Objective(success=0.95, within_s=2.5, window_d=7),
            "overlay": Objective(success=0.95, fps=25),
            "batch": Objective(success=0.95, fps=None, running_s=86400),
        },
    )


def test_an_empty_file_leaves_the_default(tmp_path: Path) -> None:
    file = tmp_path / "objectives.yaml"
    file.write_text("")
    assert read_objectives(file) == Objectives(Objective(), {})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("objectives: {p: {sucess: 0.9}}", "p says 'sucess': give success, within_s"),
        ("jobs: {p: {}}", "the file says 'jobs': give default, objectives"),
        ("- p", "the file is ['p']: give a mapping"),
        ("objectives: {p: 0.9}", "p is 0.9: give a mapping"),
        ("objectives: {1: {}}", "objectives says 1: give names as text"),
        ("a: [", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_understood_is_named_with_what_would_fit(
    text: str, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "objectives.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_objectives(file)
    assert str(file) in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("objective", "said"),
    [
        (Objective(success=1), "success=1: give a number from 0.834 to below 1"),
        (Objective(success=99), "success=99: give a number from 0.834 to below 1"),
        (Objective(success=0.9, window_d=90), "success=0.9: give a number from 0.945 to below 1"),
        (Objective(within_s=2), "within_s=2: forgesyte.job.duration can tell 0.01, 0.025,"),
        (Objective(window_d=1), "window_d=1: give a number from 7 to below 91"),
        (Objective(queued_s=300), "queued_s=300: give a number above 0 to below 300"),
        (Objective(running_s=0), "running_s=0: give a number above 0"),
        (Objective(fps=-1), "fps=-1: give a number above 0"),
        (Objective(fps=True), "fps=True: give a number"),
        ("quick", "is 'quick': give an Objective(...)"),
    ],
)
def test_an_objective_that_no_rule_could_hold_to_is_refused(objective: Any, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        rule_files(Objectives(named={"p": objective}))
    assert "the objective of p" in str(caught.value)
    assert said in str(caught.value)


def test_the_default_holds_for_all_but_those_with_an_objective() -> None:
    texts = rule_texts(rule_files(Objectives(named={"p": Objective(running_s=5)})))
    assert '{forgesyte_plugin_name!~"p"}) > 3600\n' in texts["jobs.yml"]
    assert '{forgesyte_plugin_name="p"}) > 5\n' in texts["jobs.yml"]


def test_without_any_target_for_frames_there_is_no_alert_about_them() -> None:
    texts = rule_texts(rule_files(Objectives(Objective(fps=None))))
    assert "alert:" not in texts["overlays.yml"]
    assert "record:" in texts["overlays.yml"]


@pytest.mark.parametrize(("window_d", "factors"), [(30, (14.4, 6, 1)), (7, (3.36, 1.4, 1))])
def test_a_budget_for_fewer_days_is_spent_sooner(window_d: int, factors: tuple[float, ...]) -> None:
    text = rule_texts(rule_files(Objectives(Objective(window_d=window_d))))["jobs.yml"]
    for window, factor in zip(("1h", "6h", "3d"), factors, strict=True):
        series = f'forgesyte:job_budget_burn:ratio{window}{{objective_window="{window_d}d"}}'
        assert f"({series} > {factor:g}\n" in text

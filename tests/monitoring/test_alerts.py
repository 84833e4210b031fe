"""Every alert fires when it is to and does not when it is not, as promtool computes it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from otel_forgesyte import Objective
from otel_forgesyte.monitoring import Objectives, rule_files, rule_texts
from otel_forgesyte.monitoring.rules import Alert
from tests.monitoring.server import write_texts
from tests.prometheus.real import promtool

_ALERTS = Path(__file__).parent / "alerts"
_OBJECTIVES = Objectives(
    Objective(),
    {
        "page_reader": Objective(
            success=0.999, within_s=2.5, window_d=7, queued_s=5, running_s=60, fps=25
        )
    },
)
_TEXTS = rule_texts(rule_files(_OBJECTIVES))


def _promtool(*arguments: str | Path) -> str:
    code, said = promtool(*map(str, arguments))
    assert code == 0, said
    return said


@pytest.mark.parametrize(
    "objectives",
    [
        Objectives(),
        _OBJECTIVES,
        # Names that mean something to a pattern, to PromQL and to YAML.
        Objectives(named={'a.b|c"d\\e{}': Objective(), "ü: #x": Objective(fps=None)}),
    ],
)
def test_promtool_finds_nothing_wrong_with_the_rules(
    objectives: Objectives, tmp_path: Path
) -> None:
    texts = rule_texts(rule_files(objectives))
    write_texts(tmp_path, texts.items())
    said = _promtool("check", "rules", "--lint-fatal", *(tmp_path / name for name in texts))
    assert said.count("SUCCESS") == len(texts)


@pytest.mark.parametrize("name", sorted(path.name for path in _ALERTS.glob("*.yml")))
def test_alerts_fire_when_they_are_to(name: str, tmp_path: Path) -> None:
    write_texts(tmp_path, _TEXTS.items())
    tests = tmp_path / f"test-{name}"
    tests.write_text((_ALERTS / name).read_text("utf-8"), encoding="utf-8")
    assert "SUCCESS" in _promtool("test", "rules", tests)


def test_each_alert_is_seen_firing_and_not_firing() -> None:
    seen: dict[str, set[bool]] = {}
    for path in _ALERTS.glob("*.yml"):
        document: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
        for test in document["tests"]:
            for asked in test["alert_rule_test"]:
                seen.setdefault(asked["alertname"], set()).add(bool(asked["exp_alerts"]))
    alerts = {
        rule.alert
        for file in rule_files()
        for group in file.groups
        for rule in group.rules
        if isinstance(rule, Alert)
    }
    assert seen == {alert: {True, False} for alert in alerts}


def test_each_alert_has_a_heading_that_says_what_to_do() -> None:
    page = Path(__file__).parents[2] / "docs" / "alerting.md"
    if not page.exists():
        pytest.skip("the documentation lies beside the package, in no wheel")
    headings = set(re.findall(r"^### (\w+)$", page.read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"docs/alerting\.md#(\w+)", "".join(_TEXTS.values())))
    assert {heading.lower() for heading in headings} == named

"""Every expression on a real Prometheus that scrapes a service at work, and in trouble."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from otel_forgesyte import Objective
from otel_forgesyte.monitoring import (
    Objectives,
    Source,
    expressions,
    promql_to_run,
    rule_files,
    rule_texts,
)
from otel_forgesyte.monitoring.boards import DASHBOARDS
from tests.monitoring.server import Service, service, write_texts
from tests.prometheus.real import RealPrometheus, real_prometheus
from tests.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otel_forgesyte.monitoring import Expression

pytestmark = pytest.mark.slow

# Objectives that a few seconds can miss.
_RULES = rule_files(
    Objectives(
        Objective(queued_s=0.1, running_s=2, fps=25),
        {"photo_report": Objective(success=0.999, within_s=2.5, queued_s=0.1)},
    )
)
_ASKED = [one for one in expressions(_RULES) if one.source is Source.PROMETHEUS]
_WINDOW = "5s"
# What only days of history, minutes of trouble or other targets can show: tests/monitoring/alerts
# has it.
_TAKES_TOO_LONG = {
    "plugins: ForgesytePluginSlower",
    "telemetry: ForgesyteSpoolNotDrained",
    "telemetry: ForgesyteTargetGone",
    "telemetry: ForgesyteCollectorRefuses",
    "telemetry: ForgesyteCollectorDropped",
}


@pytest.fixture(scope="module")
def at_work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RealPrometheus, Service]]:
    folder = tmp_path_factory.mktemp("real")
    rules = write_texts(folder / "rules", rule_texts(_RULES).items())
    # A queue that a burst can fill: its spans are lost, and counted.
    with (
        service(folder / "telemetry.duckdb", OTEL_BSP_MAX_QUEUE_SIZE="200") as studio,
        real_prometheus(folder, [studio.scraped()], rules=rules) as server,
    ):
        yield server, studio


def _unanswered(server: RealPrometheus, asked: list[Expression]) -> list[str]:
    return [one.where for one in asked if not server.query(promql_to_run(one.text, _WINDOW))]


def test_every_expression_has_an_answer_while_a_service_works(
    at_work: tuple[RealPrometheus, Service],
) -> None:
    server, _ = at_work
    asked = [one for one in _ASKED if not one.needs]
    assert len(asked) > 100
    missing: list[str] = []

    def all_answered() -> bool:
        missing[:] = _unanswered(server, asked)
        return not missing

    try:
        wait_for(all_answered, "an answer to each")
    except AssertionError:
        assert missing == []


def test_every_choice_of_a_dashboard_has_values(
    at_work: tuple[RealPrometheus, Service],
) -> None:
    server, _ = at_work
    choices = {
        (variable.name, variable.query)
        for board in DASHBOARDS
        for variable in board.variables
        if board.source is Source.PROMETHEUS
    }
    assert {name for name, _ in choices} == {"service", "plugin"}
    for name, asked in choices:
        found = re.fullmatch(r"label_values\((.+), (\w+)\)", asked)  # as Grafana understands it
        assert found, asked
        selector = promql_to_run(found[1], _WINDOW)
        values = server.ask(f"label/{found[2]}/values", **{"match[]": selector})
        assert values == ["studio"] if name == "service" else len(values) > 2, asked


def test_what_needs_trouble_has_an_answer_in_trouble(
    at_work: tuple[RealPrometheus, Service],
) -> None:
    server, studio = at_work
    asked = [one for one in _ASKED if one.needs and one.where not in _TAKES_TOO_LONG]
    down = [one for one in asked if one.where == "telemetry: ForgesyteTargetDown"]
    others = [one for one in asked if one not in down]
    assert len(down) == 1
    studio.tell("trouble")
    missing: list[str] = []

    def all_answered() -> bool:
        missing[:] = _unanswered(server, others)
        return not missing

    try:
        wait_for(all_answered, "an answer to each")
    except AssertionError:
        assert missing == []
    told = {"ForgesyteJobErrorBudgetBurn", "ForgesyteJobStuck"}
    wait_for(lambda: told <= server.alerts().keys(), "the next evaluation to tell of both")
    studio.tell("calm")
    stuck = next(one for one in others if one.where == "jobs: ForgesyteJobStuck")
    wait_for(lambda: not server.query(stuck.text), "the job that hung to be forgotten")
    studio.end()
    wait_for(lambda: not _unanswered(server, down), "the end of the service to be noticed")


def test_what_takes_too_long_is_at_least_understood(
    at_work: tuple[RealPrometheus, Service],
) -> None:
    server, _ = at_work
    late = [one for one in _ASKED if one.where in _TAKES_TOO_LONG]
    assert {one.where for one in late} == _TAKES_TOO_LONG
    assert _unanswered(server, late) == [one.where for one in late]

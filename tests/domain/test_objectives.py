"""Objectives stated in decorators: kept by name for whoever writes rules, without effect."""

from __future__ import annotations

from enum import Enum

import pytest

from otel_forgesyte import Objective, constant, job, objectives, plugin

STRICT = Objective(success=0.999)


@pytest.fixture(autouse=True)
def nothing_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objectives, "_stated", {})
    monkeypatch.setattr(objectives, "_nameless", {})


class Kind(Enum):
    OCR = "ocr"


def test_an_objective_is_stated_under_the_functions_name() -> None:
    @job(objective=STRICT)
    def analyse(job_id: str) -> str:
        return job_id

    assert objectives.stated() == {"analyse": STRICT}
    assert analyse("j") == "j"


def test_an_objective_is_stated_under_a_constant_name() -> None:
    job(plugin=constant("reports"), objective=STRICT)(lambda: None)
    plugin(plugin=Kind.OCR, objective=Objective(fps=25))(lambda: None)
    assert objectives.stated() == {"reports": STRICT, "ocr": Objective(fps=25)}


def test_a_name_that_each_call_gives_is_told_apart() -> None:
    @job(objective=STRICT)
    def by_parameter(plugin: str) -> str:
        return plugin

    @job(plugin="request.kind", objective=STRICT)
    def by_path(request: object) -> object:
        return request

    assert objectives.stated() == {}
    assert [name.rpartition(".")[2] for name in objectives.nameless()] == [
        by_parameter.__name__,
        by_path.__name__,
    ]


def test_without_an_objective_nothing_is_stated() -> None:
    job(lambda: None)
    plugin(plugin=constant("p"))(lambda: None)
    assert objectives.stated() == {}
    assert objectives.nameless() == ()

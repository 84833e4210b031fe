"""What a returned value says about the work."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from opentelemetry.trace import StatusCode

from otel_forgesyte import constant, job, plugin
from otel_forgesyte.outcome import OutcomeValue, canonical_status, reported_failure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.domain.recorder import Recorder


class Status(Enum):
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass
class Reading:
    """What an OCR plugin answers."""

    text: str = "A"
    error: str | None = None


@dataclass
class Slotted:
    __slots__ = ("error",)
    error: str | None


class Named(NamedTuple):
    error: str | None


class Eager:
    """An answer that makes up whatever it is asked for, as remote proxies do."""

    def __getattr__(self, name: str) -> str:
        if name in {"error", "success", "message", "status"}:
            return "made up"
        raise AttributeError(name)


class Huge(dict[str, Any]):
    """A result too large to go through."""

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("iterated")

    def __repr__(self) -> str:
        raise AssertionError("printed")

    def __eq__(self, other: object) -> bool:
        raise AssertionError("compared")

    __hash__ = None


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("pending", "queued"),
        ("queued", "queued"),
        ("running", "running"),
        ("completed", "done"),
        ("done", "done"),
        ("failed", "error"),
        ("ERROR", "error"),
        (" canceled ", "cancelled"),
        ("cancelled", "cancelled"),
        (Status.FAILED, "error"),
        ("quarantined", "quarantined"),
        ("Quarantined", "Quarantined"),
    ],
)
def test_statuses_are_mapped_and_unknown_ones_kept(word: object, expected: str) -> None:
    assert canonical_status(word) == expected


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (None, None),
        ("error", None),
        ([{"error": "inside a list"}], None),
        ({"boxes": [[1, 2, 3, 4]], "scores": [0.9], "labels": ["a"]}, None),
        ({"success": True, "result": {"frames": []}}, None),
        ({"error": None, "text": "A"}, None),
        ({"error": ""}, None),
        ({"error": 0.03}, None),
        ({"error": False}, None),
        ({"error": True}, ""),
        ({"error": "invalid_image", "message": "not a PNG"}, "invalid_image: not a PNG"),
        ({"error": "same", "message": "same"}, "same"),
        ({"success": False, "message": "no model"}, "no model"),
        ({"success": 0}, None),
        ({"plugin_id": "x", "tools": {"t": {"error": "nested"}}}, None),
        (Reading(), None),
        (Reading(error="unreadable"), "unreadable"),
        (Slotted(None), None),
        (Slotted("unreadable"), "unreadable"),
        (Named("unreadable"), "unreadable"),
        (SimpleNamespace(success=False, error=OSError("gone")), "gone"),
        (Eager(), None),
        (Huge(detections=[1]), None),
        (Huge(error="too big"), "too big"),
        ({"error": "x" * 10_000}, "x" * 4_096 + " [5904 characters cut]"),
    ],
)
def test_the_shapes_of_failure_in_use_are_understood(result: Any, expected: str | None) -> None:
    assert reported_failure(result) == expected


def test_methods_named_like_fields_are_not_asked() -> None:
    class Logger:
        def error(self) -> str:
            raise AssertionError("called")

    assert reported_failure(Logger()) is None


def outcome(recorded: Recorder) -> tuple[Any, str | None]:
    (span,) = recorded.spans
    assert span.attributes is not None
    status = span.attributes["forgesyte.job.status"]
    is_error = status == "error" or span.status.description is not None
    assert (span.status.status_code is StatusCode.ERROR) == is_error
    return status, span.status.description


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (None, ("done", None)),
        (True, ("done", None)),
        (False, ("error", None)),
        (3, ("done", None)),
        ({"success": False, "error": "no model"}, ("error", "no model")),
        ({"status": "failed"}, ("error", None)),
        ({"status": "canceled"}, ("cancelled", None)),
        ({"status": "canceled", "error": "by user"}, ("cancelled", "by user")),
        ({"status": 200}, ("done", None)),
        ({"status": "ok"}, ("done", None)),
        ({"status": "running"}, ("done", None)),
        (Reading(error="unreadable"), ("error", "unreadable")),
    ],
)
def test_the_result_of_a_job_tells_its_outcome(
    recorded: Recorder, result: Any, expected: tuple[str, str | None]
) -> None:
    @job
    def execute() -> Any:
        return result

    assert execute() is result
    assert outcome(recorded) == expected


@dataclass
class Row:
    status: str | Status = "running"
    error_message: str | None = None
    asked: list[str] = field(default_factory=list[str])


@pytest.mark.parametrize(
    ("result", "status", "expected"),
    [
        (False, "failed", ("error", "no such plugin")),
        (False, Status.FAILED, ("error", "no such plugin")),
        (False, "running", ("error", None)),
        (False, "cancelled", ("cancelled", None)),
        (None, "failed", ("error", "no such plugin")),
        (None, "completed", ("done", None)),
        (None, "running", ("done", None)),
        (True, "failed", ("done", None)),
    ],
)
def test_a_false_or_silent_job_is_told_by_its_argument(
    recorded: Recorder, *, result: bool | None, status: str, expected: tuple[str, str | None]
) -> None:
    @job
    def execute(job: Row) -> bool | None:
        job.status = status
        job.error_message = "no such plugin"
        return result

    assert execute(Row()) is result
    assert outcome(recorded) == expected


def test_the_argument_that_holds_the_id_is_the_job_whatever_its_name(recorded: Recorder) -> None:
    @job(job_id="task.number")
    def execute(task: SimpleNamespace) -> bool:
        task.status = "failed"
        task.error_message = "why"
        return False

    execute(SimpleNamespace(number=3))
    assert outcome(recorded) == ("error", "why")


OUTCOMES: list[tuple[OutcomeValue, tuple[str, str | None]]] = [
    (lambda result: "failed" if result else None, ("error", None)),
    (lambda _: ("failed", "why"), ("error", "why")),
    (lambda _: ("failed", OSError("why")), ("error", "why")),
    (lambda _: (False, "why"), ("error", "why")),
    (lambda _: ("completed", None), ("done", None)),
    (lambda _: False, ("error", None)),
    (lambda _: True, ("done", None)),
    (lambda _: None, ("done", None)),
    (lambda _: "quarantined", ("quarantined", None)),
    (lambda _, arguments: (arguments["row"].status, "after"), ("error", "after")),
    ("row.status", ("error", None)),
    ("result.state", ("cancelled", None)),
    (constant("queued"), ("queued", None)),
    (bool, ("done", None)),
]


@pytest.mark.parametrize(("told", "expected"), OUTCOMES)
def test_an_outcome_is_told_by_a_callable_a_path_or_a_constant(
    recorded: Recorder, told: OutcomeValue, expected: tuple[str, str | None]
) -> None:
    @job(outcome=told)
    def execute(row: Row) -> dict[str, str]:
        row.status = "failed"
        return {"state": "aborted"}

    execute(Row())
    assert outcome(recorded) == expected


@pytest.mark.parametrize(
    ("result", "status", "said"),
    [
        ({"status": "failed", "error_message": "no model"}, "error", "no model"),
        ({"status": "failed", "message": "no frames"}, "error", "no frames"),
        ({"status": "cancelled", "message": "user stop"}, "cancelled", "user stop"),
        ({"success": False, "error_message": "no model"}, "error", "no model"),
        ({"status": "completed", "message": "42 boxes"}, "done", None),
    ],
)
def test_the_text_beside_a_status_is_the_error_message(
    recorded: Recorder, result: dict[str, Any], status: str, said: str | None
) -> None:
    job(plugin=constant("p"))(lambda: result)()
    assert recorded.attributes("job p")["forgesyte.job.status"] == status
    assert recorded.span("job p").status.description == said


@pytest.mark.parametrize(
    ("told", "status", "said"),
    [
        (("timeout", "took too long"), "timeout", "took too long"),
        (("cancelled", "user stop"), "cancelled", "user stop"),
        (("failed", ValueError("boom")), "error", "boom"),
        (("failed", "x" * 5_000), "error", "x" * 4_096 + " [904 characters cut]"),
        (("completed", "42 boxes"), "done", None),
    ],
)
def test_a_message_told_with_an_outcome_is_kept_unless_the_job_is_done(
    recorded: Recorder, told: tuple[str, Any], status: str, said: str | None
) -> None:
    job(plugin=constant("returned"), outcome=lambda _result: told)(lambda: 1)()
    with job(plugin="stated") as running:
        running.set_outcome(*told)
    for name in ("job returned", "job stated"):
        assert recorded.attributes(name)["forgesyte.job.status"] == status
        assert recorded.span(name).status.description == said


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (None, None),
        ("", None),
        (ValueError("boom"), "boom"),
        ("x" * 5_000, "x" * 4_096 + " [904 characters cut]"),
    ],
)
def test_a_soft_error_of_any_shape_is_a_failure(
    recorded: Recorder, told: Any, said: str | None
) -> None:
    with plugin(plugin="p") as running:
        running.set_soft_error(told)
    assert recorded.attributes("plugin p")["forgesyte.plugin.soft_error"] is True
    assert recorded.span("plugin p").status.status_code is StatusCode.ERROR
    assert recorded.span("plugin p").status.description == said

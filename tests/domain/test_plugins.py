"""`plugin`: what is recorded of one execution of a plugin's tool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.trace import StatusCode

from otel_forgesyte import constant, current_job_id, job, plugin
from otel_forgesyte.outcome import SoftErrorValue
from otel_forgesyte.semconv import SCOPE_NAME

if TYPE_CHECKING:
    from tests.domain.recorder import Recorder


@dataclass
class Ocr:
    name: str = "ocr"


def test_a_bare_plugin_records_its_parameters(recorded: Recorder) -> None:
    @plugin
    def run(plugin_id: str, tool_name: str, device: str = "cpu") -> str:
        return plugin_id + tool_name + device

    with job(job_id="j", plugin="server"):
        assert run("ocr", "lines") == "ocrlinescpu"
    assert recorded.attributes("plugin ocr.lines") == {
        "forgesyte.operation.name": "plugin",
        "forgesyte.job.id": "j",
        "forgesyte.plugin.name": "ocr",
        "forgesyte.plugin.tool": "lines",
        "forgesyte.device.name": "cpu",
        "code.function.name": f"{__name__}.{run.__qualname__}",
    }


def test_a_plugin_is_measured_without_the_job_id(recorded: Recorder) -> None:
    @plugin(plugin=constant("ocr"), tool=constant("lines"))
    def run() -> None: ...

    with job(job_id="j", plugin="p", device="cuda"):
        run()
    assert recorded.counts("forgesyte.plugin.execution.duration") == [
        (
            {
                "forgesyte.plugin.name": "ocr",
                "forgesyte.plugin.tool": "lines",
                "forgesyte.device.name": "gpu",
            },
            1,
        )
    ]


def test_the_name_of_a_plugin_object_is_its_name(recorded: Recorder) -> None:
    class Plugin:
        name = "ocr"

    @plugin
    def run(plugin: Plugin) -> str:
        return plugin.name

    assert run(Plugin()) == "ocr"
    assert recorded.span("plugin ocr")


def test_nested_plugins_belong_to_one_job_and_to_each_other(recorded: Recorder) -> None:
    @plugin
    def inner() -> str | None:
        return current_job_id()

    @plugin
    def outer() -> str | None:
        return inner()

    with job(job_id="j", plugin="p"):
        assert outer() == "j"
    assert recorded.span("plugin inner").parent == recorded.span("plugin outer").context
    assert recorded.span("plugin outer").parent == recorded.span("job p").context
    assert recorded.attributes("plugin inner")["forgesyte.job.id"] == "j"
    assert len(recorded.counts("forgesyte.plugin.execution.duration")) == 2


def test_a_plugin_outside_of_any_job_shares_a_fresh_job_id_with_what_it_calls(
    recorded: Recorder,
) -> None:
    with plugin(plugin="outer") as running, plugin(plugin="inner") as below:
        assert current_job_id() == running.job_id == below.job_id
    assert current_job_id() is None
    assert recorded.attributes("plugin outer")["forgesyte.job.id"] == running.job_id
    assert [span.name for span in recorded.spans] == ["plugin inner", "plugin outer"]
    assert recorded.counts("forgesyte.job.duration") == []


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ({"error": "invalid_image", "message": "not a PNG"}, "invalid_image: not a PNG"),
        ({"success": False, "error": "no model"}, "no model"),
        ({"success": False}, None),
        ({"error": ValueError("bad box")}, "bad box"),
        ({"error": {"code": 7, "message": "no model"}}, "no model"),
    ],
)
def test_a_result_that_reports_failure_is_a_soft_error(
    recorded: Recorder, result: dict[str, Any], message: str | None
) -> None:
    @plugin
    def run() -> dict[str, Any]:
        return result

    assert run() is result
    span = recorded.span("plugin run")
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == message
    attributes = recorded.attributes("plugin run")
    assert attributes["forgesyte.plugin.soft_error"] is True
    assert "error.type" not in attributes
    ((labels, _),) = recorded.counts("forgesyte.plugin.execution.duration")
    assert labels == {"forgesyte.plugin.name": "run", "forgesyte.plugin.soft_error": True}
    assert recorded.logs("exception") == []


def test_false_is_an_answer_of_a_plugin_and_not_an_error(recorded: Recorder) -> None:
    @plugin
    def is_flagged() -> bool:
        return False

    assert is_flagged() is False
    assert recorded.span("plugin is_flagged").status.status_code is StatusCode.UNSET


SOFT_ERRORS: list[tuple[SoftErrorValue, str | None]] = [
    (lambda result: f"only {result['boxes']} boxes", "only 0 boxes"),
    (lambda result, arguments: result["boxes"] < arguments["least"], None),
    ("result.warning", "too dark"),
    ("report.warning", "also dark"),
]


@pytest.mark.parametrize(("soft_error", "message"), SOFT_ERRORS)
def test_a_soft_error_is_told_by_a_callable_or_a_path(
    recorded: Recorder, soft_error: SoftErrorValue, message: str | None
) -> None:
    @plugin(soft_error=soft_error)
    def run(report: dict[str, str], least: int = 1) -> dict[str, Any]:
        report["warning"] = "also dark"
        return {"boxes": 0, "warning": "too dark", "least": least}

    run({})
    assert recorded.attributes("plugin run")["forgesyte.plugin.soft_error"] is True
    assert recorded.span("plugin run").status.description == message


def test_the_default_soft_error_can_be_turned_off(recorded: Recorder) -> None:
    @plugin(soft_error=False)
    def run() -> dict[str, str]:
        return {"error": "0.01 px"}

    run()
    assert "forgesyte.plugin.soft_error" not in recorded.attributes("plugin run")


def test_a_with_block_may_state_a_soft_error(recorded: Recorder) -> None:
    with plugin(plugin="ocr", tool="lines", device="cpu") as running:
        running.set_soft_error("nothing to read")
    assert recorded.span("plugin ocr.lines").status.description == "nothing to read"


def test_methods_static_methods_and_class_methods_are_plugins(recorded: Recorder) -> None:
    class Tool:
        @plugin
        def method(self, factor: int) -> int:
            return factor

        @plugin
        @staticmethod
        def static(factor: int) -> int:
            return factor * 2

        @staticmethod
        @plugin
        def static_within(factor: int) -> int:
            return factor * 3

        @classmethod
        @plugin
        def of_class(cls, factor: int) -> int:
            return factor * 4 if cls is Tool else 0

    tool = Tool()
    assert tool.method(1) == 1
    assert tool.static(1) == Tool.static(1) == 2
    assert tool.static_within(1) == 3
    assert Tool.of_class(1) == 4
    assert [span.name for span in recorded.spans] == [
        "plugin method",
        "plugin static",
        "plugin static",
        "plugin static_within",
        "plugin of_class",
    ]


def test_a_class_method_object_may_be_decorated_too(recorded: Recorder) -> None:
    untyped: Any = plugin  # checkers know that a class method object cannot be called

    class Tool:
        pass

    def run(cls: type[Tool]) -> str:
        return cls.__name__

    setattr(Tool, "run", untyped(classmethod(run)))  # noqa: B010 - hidden from checkers, as above
    tool: Any = Tool()
    assert tool.run() == "Tool"
    assert recorded.span("plugin run")


def test_an_object_with_a_call_method_is_a_plugin(recorded: Recorder) -> None:
    class Model:
        def __call__(self, factor: int) -> int:
            return factor

    assert plugin(Model())(3) == 3
    assert recorded.span("plugin Model")


def test_spans_name_the_scope(recorded: Recorder) -> None:
    with plugin(plugin="p"):
        pass
    scope = recorded.span("plugin p").instrumentation_scope
    assert scope is not None
    assert scope.name == SCOPE_NAME

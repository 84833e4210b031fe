"""Whatever fails in telemetry, the function runs and returns the same; the failure is counted."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

import pytest
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, Sampler, SamplingResult

from otel_forgesyte import (
    constant,
    current_job_id,
    device_fallback,
    frame,
    frames,
    job,
    overlays,
    plugin,
    record_device,
    record_frame,
    record_job,
    record_plugin,
    report_device,
    telemetry,
)
from otel_forgesyte.values import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from opentelemetry.metrics import MeterProvider

    from tests.domain.recorder import Recorder

    Failures = Callable[[], dict[str, int]]


class Broken:
    """A provider, processor or sink of which every part raises."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"broken: {name}")


class Unreadable:
    """An argument that raises whatever is asked of it."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)


class BrokenSampler(Sampler):
    def should_sample(self, *args: Any, **kwargs: Any) -> SamplingResult:
        raise RuntimeError("broken sampler", args, kwargs)

    def get_description(self) -> str:
        return "broken"


class BrokenAtStart(SpanProcessor):
    def on_start(self, span: Any, parent_context: Any = None) -> None:
        raise RuntimeError("broken start", span, parent_context)


class BrokenAtEnd(SpanProcessor):
    def on_end(self, span: Any) -> None:
        raise RuntimeError("broken end", span)


class BrokenLog(LogRecordProcessor):
    def on_emit(self, log_record: Any) -> None:
        raise RuntimeError("broken log", log_record)

    def shutdown(self) -> None: ...

    def force_flush(self, timeout_millis: int = 0) -> bool:
        return timeout_millis >= 0


class BrokenEnabled(BrokenLog):
    def enabled(self, **_: Any) -> bool:
        raise RuntimeError("broken enabled")


def takes_nothing() -> str:
    return "nothing"


not_an_extractor: Any = takes_nothing
BAD_VALUES: list[Value] = [
    "no_such_parameter",
    "argument.no_such_attribute",
    lambda arguments: arguments["no such key"],
    not_an_extractor,
    lambda _: Unreadable(),
    lambda _: ["a", "list"],
    constant(b"bytes"),
    constant(object()),
]


@pytest.mark.parametrize("value", BAD_VALUES)
@pytest.mark.parametrize("parameter", ["job_id", "plugin", "device", "enqueued_at", "outcome"])
def test_a_bad_value_of_a_job_costs_that_value(
    recorded: Recorder, expected_failures: Failures, parameter: str, value: Any
) -> None:
    given: Any = {parameter: value}

    @job(**given)
    def execute(argument: int) -> int:
        return argument

    assert execute(3) == 3
    attributes = recorded.attributes("job execute")
    assert attributes["forgesyte.job.status"] == "done"
    assert attributes["forgesyte.plugin.name"] == "execute"
    assert len(attributes["forgesyte.job.id"]) == 36
    assert sum(expected_failures().values()) == 1


@pytest.mark.parametrize("value", BAD_VALUES[:5])
@pytest.mark.parametrize("parameter", ["plugin", "tool", "device", "soft_error"])
def test_a_bad_value_of_a_plugin_costs_that_value(
    recorded: Recorder, expected_failures: Failures, parameter: str, value: Any
) -> None:
    given: Any = {parameter: value}

    @plugin(**given)
    def execute(argument: int) -> int:
        return argument

    assert execute(3) == 3
    assert recorded.span("plugin execute")
    assert sum(expected_failures().values()) == 1


@pytest.mark.parametrize("value", BAD_VALUES[:6])
@pytest.mark.parametrize("parameter", ["index", "dropped", "fps"])
def test_a_bad_value_of_a_frame_costs_a_value_or_the_frame(
    recorded: Recorder, expected_failures: Failures, parameter: str, value: Any
) -> None:
    given: Any = {parameter: value}

    @frame(**given)
    def draw(argument: int) -> int:
        return argument

    with job(plugin="p"):
        assert draw(3) == 3
    assert len(recorded.frames) <= 1
    assert sum(expected_failures().values()) == 1


def test_bad_values_of_a_with_block_cost_those_values(
    recorded: Recorder, expected_failures: Failures
) -> None:
    bad: Any = ["list"]
    with job(job_id=bad, plugin=bad, device=bad, enqueued_at=bad, outcome="nothing") as running:
        running.set_outcome(cast("str", bad))
        with plugin(plugin=bad, tool=bad, device=bad), frame(index=bad):
            assert current_job_id() == running.job_id
    assert [span.name for span in recorded.spans] == ["plugin unspecified", "job unspecified"]
    assert expected_failures() == {
        "job id": 1,
        "job plugin": 1,
        "job device": 1,
        "job enqueued_at": 1,
        "job outcome": 2,
        "plugin name": 1,
        "plugin tool": 1,
        "plugin device": 1,
        "frame": 1,
    }


def test_arguments_that_raise_when_looked_at_reach_the_function(
    recorded: Recorder, expected_failures: Failures
) -> None:
    @job
    def execute(job: Unreadable, plugin: Unreadable, device: Unreadable) -> int:
        return len([job, plugin, device])

    assert execute(Unreadable(), Unreadable(), Unreadable()) == 3
    assert recorded.span("job execute")
    assert set(expected_failures()) >= {"job id", "job plugin", "job device"}


def test_a_result_that_raises_when_looked_at_is_returned(
    recorded: Recorder, expected_failures: Failures
) -> None:
    result = Unreadable()

    @job
    @plugin
    def execute() -> Unreadable:
        return result

    assert execute() is result
    assert recorded.attributes("job execute")["forgesyte.job.status"] == "done"
    assert set(expected_failures()) == {"job outcome", "soft error"}


def test_a_job_argument_that_raises_leaves_the_outcome_to_the_result(
    recorded: Recorder, expected_failures: Failures
) -> None:
    class Detached:
        job_id = "j"

        @property
        def status(self) -> str:
            raise RuntimeError("not bound to a session")

    @job
    def execute(job: Detached) -> None:
        del job

    execute(Detached())
    assert recorded.attributes("job execute")["forgesyte.job.status"] == "done"
    assert expected_failures() == {"job outcome": 1}


def run_everything() -> None:
    """One of everything; each part must come out as if telemetry were not there."""

    @plugin
    @device_fallback("gpu", "cpu")
    def tool(device: str = "gpu") -> str:
        if device == "gpu":
            raise RuntimeError("no gpu")
        return device

    @job
    def execute(job_id: str) -> str:
        report_device("gpu", "cpu")
        for number in frames([1, 2]):
            with frame(number):
                pass
        return tool() + job_id

    @job
    def walk() -> Iterator[int]:
        yield from (1, 2)

    @plugin
    async def later() -> int:
        await asyncio.sleep(0)
        return 1

    failure = ValueError("v")

    @job
    @plugin
    def fail() -> None:
        raise failure

    assert execute("j") == "cpuj"
    assert list(walk()) == [1, 2]
    assert asyncio.run(later()) == 1
    with pytest.raises(ValueError, match="v") as caught:
        fail()
    assert caught.value is failure
    assert vars(failure) == {}
    with job(job_id="w", plugin="p") as running:
        assert running.job_id == current_job_id() == "w"
    record_job("j", error=failure)
    record_plugin("p", error=failure)
    record_device("gpu", "cpu")
    record_frame(0, 0.1, job_id="j")
    assert current_job_id() is None


@pytest.mark.parametrize("part", ["tracer", "meter", "logger"])
def test_a_broken_provider_costs_its_signal(
    recorded: Recorder, expected_failures: Failures, part: str
) -> None:
    broken: Any = Broken()
    telemetry.use_providers(
        broken if part == "tracer" else recorded.tracer_provider,
        broken if part == "meter" else recorded.meter_provider,
        broken if part == "logger" else recorded.logger_provider,
    )
    run_everything()
    assert expected_failures() == {f"{part} provider": 1}
    assert bool(recorded.spans) == (part != "tracer")
    assert bool(recorded.counts("forgesyte.job.duration")) == (part != "meter")
    assert bool(recorded.logs("exception")) == (part != "logger")


def test_a_broken_sampler_costs_the_spans(recorded: Recorder, expected_failures: Failures) -> None:
    telemetry.use_providers(
        TracerProvider(sampler=BrokenSampler()), recorded.meter_provider, recorded.logger_provider
    )
    run_everything()
    assert recorded.counts("forgesyte.job.duration")
    assert recorded.logs("exception")
    assert set(expected_failures()) == {"span start", "record_job", "record_plugin"}


@pytest.mark.parametrize("processor", [BrokenAtStart(), BrokenAtEnd()])
def test_a_broken_span_processor_costs_the_spans(
    recorded: Recorder, expected_failures: Failures, processor: SpanProcessor
) -> None:
    provider = TracerProvider()
    provider.add_span_processor(processor)
    telemetry.use_providers(provider, recorded.meter_provider, recorded.logger_provider)
    run_everything()
    assert recorded.counts("forgesyte.plugin.execution.duration")
    assert recorded.logs("exception")
    assert set(expected_failures()) <= {"span start", "span end", "record_job", "record_plugin"}


@pytest.mark.parametrize("processor", [BrokenLog(), BrokenEnabled()])
def test_a_broken_log_processor_costs_the_log_events(
    recorded: Recorder, expected_failures: Failures, processor: LogRecordProcessor
) -> None:
    provider = LoggerProvider()
    provider.add_log_record_processor(processor)
    telemetry.use_providers(recorded.tracer_provider, recorded.meter_provider, provider)
    run_everything()
    assert recorded.attributes("job execute")["forgesyte.job.status"] == "done"
    assert recorded.counts("forgesyte.job.duration")
    assert set(expected_failures()) == {"log event"}


def test_broken_instruments_cost_the_measurements(
    recorded: Recorder, expected_failures: Failures
) -> None:
    emitters = telemetry.use_providers(
        recorded.tracer_provider, recorded.meter_provider, recorded.logger_provider
    )
    broken: Any = Broken()
    emitters.job_duration = emitters.plugin_duration = emitters.fallbacks = broken
    run_everything()
    assert recorded.attributes("job execute")["forgesyte.job.status"] == "done"
    assert set(expected_failures()) == {"measurement", "device report", "record_device"}


def test_a_broken_span_still_ends(recorded: Recorder, expected_failures: Failures) -> None:
    ended: list[bool] = []

    class BrokenSpan(Broken):
        def end(self) -> None:
            ended.append(True)

    with job(plugin="p") as running:
        running.span = cast("Any", BrokenSpan())
    assert ended == [True]
    assert recorded.counts("forgesyte.job.duration")
    assert expected_failures() == {"span attributes": 1}


def test_a_broken_sink_costs_the_frames(recorded: Recorder, expected_failures: Failures) -> None:
    overlays.send_frames_to(cast("Any", Broken()))
    run_everything()
    assert recorded.frames == []
    assert set(expected_failures()) == {"frame"}


def test_a_broken_buffer_costs_the_measurements(
    recorded: Recorder, expected_failures: Failures
) -> None:
    telemetry.defer_measurements_to(cast("Any", Broken()))
    run_everything()
    assert recorded.attributes("job execute")["forgesyte.job.status"] == "done"
    assert recorded.counts("forgesyte.job.duration") == []
    assert set(expected_failures()) == {"measurement"}


def test_sampled_out_work_is_measured_and_its_exceptions_logged(recorded: Recorder) -> None:
    telemetry.use_providers(
        TracerProvider(sampler=ALWAYS_OFF), recorded.meter_provider, recorded.logger_provider
    )
    run_everything()
    assert sum(count for _, count in recorded.counts("forgesyte.job.duration")) == 5
    assert recorded.logs("exception")


def test_records_with_nonsense_are_counted_and_raise_nothing(
    recorded: Recorder, expected_failures: Failures
) -> None:
    bad: Any = Unreadable()
    record_job(bad)
    record_job("j", started_at="soon")
    record_plugin(bad)
    record_device("gpu", None)
    record_frame(bad, 1.0)
    report_device("gpu", "")
    report_device(bad, "cpu")
    assert recorded.spans == []
    assert expected_failures() == {
        "record_job": 2,
        "record_plugin": 1,
        "record_device": 1,
        "record_frame": 1,
        "device report": 2,
    }


def test_a_failure_inside_an_operation_itself_is_counted(
    recorded: Recorder, expected_failures: Failures, monkeypatch: pytest.MonkeyPatch
) -> None:
    from otel_forgesyte import jobs, plugins

    def broken(*_: Any) -> Any:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(jobs, "get_current", broken)
    monkeypatch.setattr(plugins, "surrounding", broken)
    assert job(lambda: 1)() == plugin(lambda: 1)() == 1
    assert list(job(_two)()) == [1, 2]
    monkeypatch.undo()
    monkeypatch.setattr(jobs, "measure", broken)
    assert job(lambda: 1)() == 1
    for item in job(_two)():
        assert item == 1
        break
    gc.collect()
    running = job(_patient)()
    next(running)
    running.close()
    assert recorded.spans
    assert expected_failures() == {"job start": 2, "plugin start": 1, "operation end": 3}


@pytest.mark.parametrize(
    "numbers",
    [
        {"duration_s": float("nan")},
        {"duration_s": float("inf")},
        {"fps": float("nan")},
        {"fps": -1.0},
        {"dropped": -1},
        {"index": 2**40},
        {"index": -1},
    ],
)
def test_a_frame_that_no_row_can_hold_is_counted_and_goes_nowhere(
    recorded: Recorder, expected_failures: Failures, numbers: dict[str, Any]
) -> None:
    given: dict[str, Any] = {"index": 0, "duration_s": 0.1, "job_id": "j", **numbers}
    record_frame(**given)
    assert recorded.frames == []
    assert expected_failures() == {"frame": 1}


@pytest.mark.parametrize(
    "times",
    [
        {"started_at": 10**30},
        {"started_at": -(10.0**11) + 1},
        {"started_at": 0, "duration_s": 1e30},
        {"duration_s": 1e30},
        {"duration_s": float("nan")},
        {"started_at": 0, "duration_s": float("inf")},
    ],
)
def test_a_job_beyond_the_calendar_is_counted_and_not_recorded(
    recorded: Recorder, expected_failures: Failures, times: dict[str, Any]
) -> None:
    record_job("j", **times)
    assert recorded.spans == []
    assert expected_failures() == {"record_job": 1}


@pytest.mark.parametrize(
    ("step", "place"),
    [
        ("mark", "exception log"),
        ("exception_event", "exception log"),
        ("unmark", "exception log"),
        ("type_name", "exception text"),
        ("message", "exception text"),
    ],
)
def test_a_failed_job_ends_whatever_goes_wrong_with_its_exception(
    recorded: Recorder,
    expected_failures: Failures,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    place: str,
) -> None:
    from otel_forgesyte import operation

    def broken(*_: Any) -> Any:
        raise RuntimeError("a mistake of ours")

    @job(plugin=constant("failing"))
    def execute() -> None:
        raise KeyError("missing")

    monkeypatch.setattr(operation, step, broken)
    with pytest.raises(KeyError):
        execute()
    attributes = recorded.attributes("job failing")
    assert attributes["forgesyte.job.status"] == "error"
    assert attributes["error.type"] == "KeyError"
    assert ({"forgesyte.plugin.name": "failing"}, 0) in recorded.values("forgesyte.job.active")
    assert recorded.counts("forgesyte.job.duration")
    assert expected_failures() == {place: 1}


def test_a_with_block_whose_operation_cannot_start_runs_all_the_same(
    recorded: Recorder, expected_failures: Failures, monkeypatch: pytest.MonkeyPatch
) -> None:
    from otel_forgesyte import jobs, plugins

    def broken(*_: Any) -> Any:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(jobs, "get_current", broken)
    monkeypatch.setattr(plugins, "surrounding", broken)
    with job(job_id="j") as running, plugin(plugin="p") as executing:
        running.set_outcome("failed", "boom")
        executing.set_soft_error("boom")
        assert len(running.job_id) == 36
        assert not executing.span.is_recording()
        assert running.plugin == "unspecified"
    with pytest.raises(KeyError), job():
        raise KeyError("missing")
    assert recorded.spans == []
    assert expected_failures() == {"operation start": 3}


def test_log_events_that_cannot_be_imported_cost_the_events(
    recorded: Recorder, expected_failures: Failures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry._logs", None)
    error = ValueError("v")
    report_device("gpu", "cpu")
    with pytest.raises(ValueError, match="v") as caught, job(plugin="p"):
        raise error
    assert caught.value is error
    assert recorded.attributes("job p")["error.type"] == "ValueError"
    assert expected_failures() == {"log event": 2}


def _patient() -> Generator[int, None, None]:
    with suppress(GeneratorExit):
        yield 1


def _two() -> Iterator[int]:
    yield 1
    yield 2


def test_a_device_that_cannot_be_named_is_passed_to_the_function(
    expected_failures: Failures,
) -> None:
    class Handle:
        pass

    handle: Any = Handle()

    @device_fallback("gpu", "cpu")
    def run(device: Any = None) -> Any:
        return device

    assert run(handle) is handle
    assert expected_failures() == {"device fallback": 1, "device report": 1}


def test_an_attempt_that_cannot_be_recorded_is_followed_by_the_next(
    expected_failures: Failures, monkeypatch: pytest.MonkeyPatch
) -> None:
    from otel_forgesyte import fallback

    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(fallback, "exception_event", broken)

    @device_fallback("gpu", "cpu")
    def run(device: str = "gpu") -> str:
        if device == "gpu":
            raise ValueError(device)
        return device

    assert run() == "cpu"
    assert expected_failures() == {"device fallback": 1}


def test_the_first_failure_at_a_place_is_logged_and_the_others_counted(
    expected_failures: Failures, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        telemetry.failed("somewhere", ValueError("v"))
    telemetry.failed("elsewhere", ValueError("w"))
    assert expected_failures() == {"somewhere": 3, "elsewhere": 1}
    assert telemetry.failures() == expected_failures()
    assert [(record.name, record.levelno) for record in caplog.records] == [
        ("otel_forgesyte", logging.WARNING)
    ] * 2
    assert "somewhere" in caplog.text
    assert "ValueError: v" in caplog.text


def test_a_logging_handler_that_raises_is_counted(expected_failures: Failures) -> None:
    class BrokenHandler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise RuntimeError(record.name)

    class Unspeakable(Exception):  # noqa: N818 - named for what it does
        def __str__(self) -> str:
            raise RuntimeError("not today")

    handler = BrokenHandler()
    logger = logging.getLogger("otel_forgesyte")
    logger.addHandler(handler)
    try:
        telemetry.failed("somewhere", Unspeakable())
    finally:
        logger.removeHandler(handler)
    assert expected_failures() == {"somewhere": 1, "logging": 1}


def test_a_meter_provider_of_none_means_the_global_one(recorded: Recorder) -> None:
    provider: MeterProvider | None = None
    emitters = telemetry.use_providers(recorded.tracer_provider, provider)
    with job(plugin="p"):
        pass
    assert recorded.span("job p")
    assert telemetry.emitters() is emitters

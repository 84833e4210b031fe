"""Which device the work asked for, and which one it ran on."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry._logs import SeverityNumber

from otel_forgesyte import device_fallback, job, plugin, record_device, report_device
from otel_forgesyte.devices import canonical_device

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.domain.recorder import Recorder

SELECTED = "forgesyte.device.selected"


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        ("cuda", "gpu"),
        ("CUDA:1", "gpu"),
        ("gpu", "gpu"),
        ("gpu:0", "gpu"),
        ("mps", "mps"),
        ("mps:0", "mps"),
        (" cpu ", "cpu"),
        ("cpu:0", "cpu"),
        ("TPU:3", "tpu:3"),
        ("cuda:x", "cuda:x"),
        ("npu", "npu"),
        ("", None),
        (None, None),
    ],
)
def test_devices_have_one_name(device: str | None, expected: str | None) -> None:
    assert canonical_device(device) == expected


def test_a_reported_device_is_known_to_the_plugin_and_the_job(recorded: Recorder) -> None:
    @plugin
    def run() -> None:
        report_device("cuda:0", "cpu", "no CUDA driver")

    with job(job_id="j", plugin="server"):
        run()
    assert recorded.attributes("plugin run")["forgesyte.device.name"] == "cpu"
    assert recorded.attributes("job server")["forgesyte.device.name"] == "cpu"
    (log,) = recorded.logs(SELECTED)
    assert dict(log.log_record.attributes or {}) == {
        "forgesyte.device.requested": "gpu",
        "forgesyte.device.used": "cpu",
        "forgesyte.device.fallback": True,
        "forgesyte.device.fallback.reason": "no CUDA driver",
        "forgesyte.job.id": "j",
        "forgesyte.plugin.name": "run",
    }
    assert log.log_record.severity_number is SeverityNumber.WARN
    run_span = recorded.span("plugin run")
    assert run_span.context is not None
    assert log.log_record.span_id == run_span.context.span_id
    assert recorded.values("forgesyte.device.fallbacks") == [
        ({"forgesyte.device.requested": "gpu", "forgesyte.device.used": "cpu"}, 1)
    ]
    ((labels, _),) = recorded.counts("forgesyte.plugin.execution.duration")
    assert labels["forgesyte.device.name"] == "cpu"
    ((labels, _),) = recorded.counts("forgesyte.job.duration")
    assert labels["forgesyte.device.name"] == "cpu"


def test_the_same_device_by_another_name_is_no_fallback(recorded: Recorder) -> None:
    with job(plugin="p"):
        report_device("cuda", "gpu:1")
    (event,) = recorded.events(SELECTED)
    assert event["forgesyte.device.fallback"] is False
    assert recorded.values("forgesyte.device.fallbacks") == []
    assert recorded.logs(SELECTED)[0].log_record.severity_number is SeverityNumber.INFO


def test_nothing_particular_asked_for_is_no_fallback(recorded: Recorder) -> None:
    with job(plugin="p"):
        report_device(None, "cpu")
    (event,) = recorded.events(SELECTED)
    assert event["forgesyte.device.requested"] == event["forgesyte.device.used"] == "cpu"


def test_a_reason_may_be_the_exception_itself(recorded: Recorder) -> None:
    with job(plugin="p"):
        report_device("gpu", "cpu", RuntimeError("out of memory"))
    (event,) = recorded.events(SELECTED)
    assert event["forgesyte.device.fallback.reason"] == "RuntimeError: out of memory"


def test_a_reason_that_is_no_text_costs_no_decision(recorded: Recorder) -> None:
    reason: Any = 123
    with job(plugin="p"):
        report_device("gpu", "cpu", reason)
    record_device("gpu", "cpu", reason)
    assert [event["forgesyte.device.fallback.reason"] for event in recorded.events(SELECTED)] == [
        "123",
        "123",
    ]


def test_a_device_reported_outside_of_any_job_is_an_event_all_the_same(
    recorded: Recorder,
) -> None:
    report_device("gpu", "cpu")
    (event,) = recorded.events(SELECTED)
    assert "forgesyte.job.id" not in event


def test_a_device_reported_after_the_job_ended_does_no_harm(
    recorded: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    async def late(ended: asyncio.Event) -> None:
        await ended.wait()
        report_device("gpu", "gpu")

    async def run() -> None:
        ended = asyncio.Event()
        with job(plugin="p"):
            task = asyncio.create_task(late(ended))
            await asyncio.sleep(0)
        ended.set()
        await task

    asyncio.run(run())
    assert caplog.records == []
    assert len(recorded.events(SELECTED)) == 1


def test_the_first_device_that_works_is_used(recorded: Recorder) -> None:
    @plugin
    @device_fallback("gpu", "mps", "cpu")
    def run(value: int, device: str = "gpu") -> tuple[int, str]:
        if device != "cpu":
            raise RuntimeError(f"no {device}")
        return value, device

    with job(job_id="j", plugin="server"):
        assert run(7) == (7, "cpu")
    (event,) = recorded.events(SELECTED)
    assert event["forgesyte.device.requested"] == "gpu"
    assert event["forgesyte.device.used"] == "cpu"
    assert event["forgesyte.device.fallback.reason"] == (
        "RuntimeError: no gpu; mps: RuntimeError: no mps"
    )
    failed = recorded.logs("exception")
    assert [log.log_record.body for log in failed] == ["no gpu", "no mps"]
    assert {log.log_record.severity_number for log in failed} == {SeverityNumber.WARN}
    first = dict(failed[0].log_record.attributes or {})
    assert first["forgesyte.device.requested"] == "gpu"
    assert first["forgesyte.job.id"] == "j"
    assert first["forgesyte.plugin.name"] == "run"
    assert "error.type" not in recorded.attributes("plugin run")
    assert recorded.attributes("plugin run")["forgesyte.device.name"] == "cpu"


def test_a_device_that_works_at_once_is_reported_without_fallback(recorded: Recorder) -> None:
    @device_fallback("gpu", "cpu")
    def run(device: str) -> str:
        return device

    with plugin(plugin="p"):
        assert run() == "gpu"  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    (event,) = recorded.events(SELECTED)
    assert event["forgesyte.device.fallback"] is False
    assert recorded.logs("exception") == []


@pytest.mark.parametrize(
    ("asked", "tried"),
    [
        ("gpu", ["gpu", "cpu"]),
        ("cuda:1", ["cuda:1", "cpu"]),
        ("cpu", ["cpu"]),
        ("tpu", ["tpu", "gpu", "cpu"]),
        (None, ["gpu", "cpu"]),
    ],
)
@pytest.mark.parametrize("by_name", [True, False])
def test_a_device_the_caller_names_is_tried_first(
    asked: str | None, tried: list[str], *, by_name: bool
) -> None:
    seen: list[str] = []

    @device_fallback("gpu", "cpu")
    def run(value: int, device: str | None = None) -> int:
        assert device is not None
        seen.append(device)
        raise RuntimeError(device, value)

    with pytest.raises(RuntimeError):
        run(1, device=asked) if by_name else run(1, asked)
    assert seen == tried


def test_the_device_goes_to_the_parameter_named(recorded: Recorder) -> None:
    @device_fallback("gpu", "cpu", parameter="where")
    def run(**options: str) -> dict[str, str]:
        return options

    assert run(mode="fast") == {"mode": "fast", "where": "gpu"}
    assert recorded.events(SELECTED)[0]["forgesyte.device.used"] == "gpu"


def test_the_last_failure_leaves_unchanged_and_is_logged_once(recorded: Recorder) -> None:
    failures = {"gpu": RuntimeError("no gpu"), "cpu": ValueError("no cpu")}

    @plugin
    @device_fallback("gpu", "cpu")
    def run(device: str = "gpu") -> None:
        raise failures[device]

    with pytest.raises(ValueError, match="no cpu") as caught:
        run()
    assert caught.value is failures["cpu"]
    assert caught.value.__context__ is None
    assert vars(caught.value) == {}
    logged = [log.log_record for log in recorded.logs("exception")]
    assert [(record.body, record.severity_number) for record in logged] == [
        ("no gpu", SeverityNumber.WARN),
        ("no cpu", SeverityNumber.ERROR),
    ]
    assert recorded.logs(SELECTED) == []
    assert recorded.attributes("plugin run")["error.type"] == "ValueError"


def test_an_attempt_that_a_plugin_has_logged_is_not_logged_again(recorded: Recorder) -> None:
    @device_fallback("gpu", "cpu")
    @plugin
    def run(device: str = "gpu") -> str:
        if device == "gpu":
            raise RuntimeError("no gpu")
        return device

    with job(plugin="server"):
        assert run() == "cpu"
    assert len(recorded.events("exception")) == 1
    (event,) = recorded.events(SELECTED)
    assert event["forgesyte.device.fallback.reason"] == "RuntimeError: no gpu"


def test_a_last_failure_outside_of_any_operation_is_logged_and_left_unmarked(
    recorded: Recorder,
) -> None:
    @device_fallback("cpu")
    def run(device: str = "cpu") -> None:
        raise ValueError(device)

    with pytest.raises(ValueError, match="cpu") as caught:
        run()
    assert vars(caught.value) == {}
    assert len(recorded.events("exception")) == 1


def test_only_the_exceptions_asked_for_lead_to_the_next_device(recorded: Recorder) -> None:
    seen: list[str] = []

    @device_fallback("gpu", "cpu", on=(MemoryError, RuntimeError))
    def run(device: str = "gpu") -> None:
        seen.append(device)
        raise ValueError(device)

    with pytest.raises(ValueError, match="gpu"):
        run()
    assert seen == ["gpu"]
    assert recorded.events("exception") == []


@pytest.mark.parametrize("kind", [asyncio.CancelledError, KeyboardInterrupt, GeneratorExit])
def test_cancellation_and_interrupts_are_not_answered_with_another_device(
    kind: type[BaseException],
) -> None:
    seen: list[str] = []

    @device_fallback("gpu", "cpu")
    def run(device: str = "gpu") -> None:
        seen.append(device)
        raise kind

    with pytest.raises(kind):
        run()
    assert seen == ["gpu"]


def test_coroutines_fall_back_too(recorded: Recorder) -> None:
    @plugin
    @device_fallback("gpu", "cpu")
    async def run(device: str = "gpu") -> str:
        await asyncio.sleep(0)
        if device == "gpu":
            raise RuntimeError("no gpu")
        return device

    assert asyncio.run(run()) == "cpu"
    (event,) = recorded.events(SELECTED)
    assert event["forgesyte.device.fallback.reason"] == "RuntimeError: no gpu"


def test_a_coroutine_that_fails_everywhere_raises_the_last_failure() -> None:
    @device_fallback("gpu", "cpu")
    async def run(device: str = "gpu") -> None:
        raise RuntimeError(device)

    with pytest.raises(RuntimeError, match="cpu") as caught:
        asyncio.run(run())
    assert caught.value.__context__ is None


def test_what_the_function_reports_itself_outweighs_the_device_it_was_given(
    recorded: Recorder,
) -> None:
    @plugin
    @device_fallback("gpu", "cpu")
    def run(device: str = "gpu") -> None:
        report_device(device, "mps", "a cached model runs there")

    run()
    (event,) = recorded.events(SELECTED)
    assert event["forgesyte.device.used"] == "mps"


def test_a_failed_attempt_lets_go_of_what_it_held() -> None:
    class Tensor:
        pass

    held: list[weakref.ref[Tensor]] = []

    @device_fallback("gpu", "cpu")
    def run(device: str = "gpu") -> bool:
        if device == "gpu":
            tensor = Tensor()
            held.append(weakref.ref(tensor))
            raise MemoryError
        gc.collect()
        return held[0]() is None

    assert run()


def test_generators_and_empty_chains_are_refused_at_once() -> None:
    with pytest.raises(TypeError, match="cannot start a generator over"):

        @device_fallback("gpu")
        def run(device: str) -> Iterator[str]:  # pyright: ignore[reportUnusedFunction]
            yield device

    with pytest.raises(TypeError, match="at least one device"):
        device_fallback()


def test_a_builtin_takes_the_device_by_name() -> None:
    run: Any = device_fallback("gpu", "cpu")(dict)
    assert run(a=1) == {"a": 1, "device": "gpu"}


@pytest.mark.parametrize(
    ("devices", "asked", "tried"),
    [
        (("gpu", "cpu", "gpu"), None, ["gpu", "cpu", "gpu"]),
        (("gpu:0", "gpu:1", "cpu"), "gpu:1", ["gpu:1", "cpu"]),
        (("gpu:0", "gpu:1", "cpu"), "cuda", ["cuda", "gpu:1", "cpu"]),
    ],
)
def test_each_device_of_a_chain_has_its_turn(
    devices: tuple[str, ...], asked: str | None, tried: list[str]
) -> None:
    seen: list[str] = []

    @device_fallback(*devices)
    def run(device: str | None = None) -> None:
        assert device is not None
        seen.append(device)
        raise RuntimeError(device)

    with pytest.raises(RuntimeError, match=tried[-1]):
        run(asked)
    assert seen == tried


@pytest.mark.parametrize("on", [[RuntimeError], "RuntimeError", (RuntimeError, 1), int])
def test_what_is_no_exception_class_is_refused_at_once(on: Any) -> None:
    with pytest.raises(TypeError, match="must be an exception class or a tuple"):
        device_fallback("gpu", on=on)


def _without() -> None: ...


def _by_position(device: str, /) -> None: ...


def _any_number(*device: str) -> None: ...


@pytest.mark.parametrize("function", [_without, _by_position, _any_number])
def test_a_function_that_cannot_be_given_a_device_is_refused_at_once(function: Any) -> None:
    with pytest.raises(TypeError, match="can be passed as device="):
        device_fallback("gpu")(function)


def test_static_and_class_methods_fall_back_too() -> None:
    class Detector:
        @device_fallback("gpu", "cpu")
        @staticmethod
        def detect(device: str = "gpu") -> str:
            if device == "gpu":
                raise RuntimeError(device)
            return device

        @device_fallback("gpu", "cpu")
        @classmethod
        def load(cls, device: str = "gpu") -> str:
            if device == "gpu":
                raise RuntimeError(device)
            return f"{cls.__name__} on {device}"

    detector: Any = Detector()
    assert detector.detect() == "cpu"
    assert detector.load() == "Detector on cpu"


def test_fallbacks_at_the_same_time_are_each_reported(recorded: Recorder) -> None:
    @device_fallback("gpu", "cpu")
    async def run(device: str = "gpu") -> str:
        await asyncio.sleep(0)
        if device == "gpu":
            raise RuntimeError("no gpu")
        return device

    @plugin
    async def run_all() -> list[str]:
        return list(await asyncio.gather(run(), run(), run()))

    assert asyncio.run(run_all()) == ["cpu"] * 3
    assert [event["forgesyte.device.used"] for event in recorded.events(SELECTED)] == ["cpu"] * 3


def test_what_a_failed_attempt_reported_is_no_word_on_the_one_that_worked(
    recorded: Recorder,
) -> None:
    @plugin
    @device_fallback("gpu", "cpu")
    def run(device: str = "gpu") -> None:
        if device == "gpu":
            report_device("gpu", "gpu")
            raise RuntimeError("no memory")

    run()
    assert [event["forgesyte.device.used"] for event in recorded.events(SELECTED)] == ["gpu", "cpu"]


def test_what_an_inner_function_reported_holds_for_the_fallbacks_around_it(
    recorded: Recorder,
) -> None:
    @device_fallback("gpu")
    def inner(device: str = "gpu") -> None:
        report_device(device, "mps")

    @plugin
    @device_fallback("gpu")
    def run(device: str = "gpu") -> None:
        inner(device)

    run()
    assert [event["forgesyte.device.used"] for event in recorded.events(SELECTED)] == ["mps"]

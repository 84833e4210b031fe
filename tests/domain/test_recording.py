"""Work that already happened, recorded with its own times."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.trace import StatusCode

from otel_forgesyte import (
    current_job_id,
    job,
    plugin,
    record_device,
    record_frame,
    record_job,
    record_plugin,
)

if TYPE_CHECKING:
    from tests.domain.recorder import Recorder

START = datetime(2024, 5, 1, 12, tzinfo=timezone.utc)
START_NANO = 1_714_564_800_000_000_000
SECOND = 1_000_000_000


def test_a_job_that_ended_is_recorded_with_its_own_times(recorded: Recorder) -> None:
    record_job(
        "j",
        plugin="ocr",
        status="completed",
        started_at=START,
        duration_s=2.5,
        device="cuda",
        enqueued_at=START - timedelta(seconds=4),
    )
    span = recorded.span("job ocr")
    assert (span.start_time, span.end_time) == (START_NANO, START_NANO + 5 * SECOND // 2)
    assert span.status.status_code is StatusCode.UNSET
    assert recorded.attributes("job ocr") == {
        "forgesyte.operation.name": "job",
        "forgesyte.job.id": "j",
        "forgesyte.plugin.name": "ocr",
        "forgesyte.job.status": "done",
        "forgesyte.device.name": "gpu",
        "forgesyte.job.queue.wait": 4.0,
    }
    ((labels, point),) = recorded.points("forgesyte.job.duration")
    assert labels == {
        "forgesyte.plugin.name": "ocr",
        "forgesyte.device.name": "gpu",
        "forgesyte.job.status": "done",
    }
    assert (point.count, point.sum) == (1, 2.5)
    ((_, point),) = recorded.points("forgesyte.job.queue.duration")
    assert point.sum == 4.0


@pytest.mark.parametrize("status", ["queued", "pending", "running"])
def test_a_job_that_has_not_ended_is_recorded_but_not_measured(
    recorded: Recorder, status: str
) -> None:
    record_job("j", plugin="ocr", status=status, started_at=START)
    span = recorded.span("job ocr")
    assert span.start_time == span.end_time == START_NANO
    assert recorded.attributes("job ocr")["forgesyte.job.status"] in {"queued", "running"}
    assert recorded.points("forgesyte.job.duration") == []


def test_a_job_that_failed_says_why(recorded: Recorder) -> None:
    record_job("a", plugin="told", error="no such plugin", duration_s=1)
    record_job("b", plugin="raised", error=OSError("gone"), duration_s=1)
    record_job("c", plugin="silent", status="failed", duration_s=1)
    described = {name: recorded.span(f"job {name}").status for name in ("told", "raised", "silent")}
    assert {status.status_code for status in described.values()} == {StatusCode.ERROR}
    assert described["told"].description == "no such plugin"
    assert described["raised"].description == "gone"
    assert described["silent"].description is None
    assert recorded.attributes("job raised")["error.type"] == "OSError"
    assert recorded.attributes("job raised")["forgesyte.job.status"] == "error"
    (event,) = recorded.events("exception")
    assert event["exception.type"] == "OSError"
    assert event["forgesyte.job.id"] == "b"


def test_a_duration_alone_ends_now_and_a_start_alone_lasts_until_now(recorded: Recorder) -> None:
    before = time.time_ns()
    record_job("a", plugin="a", duration_s=10)
    record_job("b", plugin="b", started_at=time.time() - 10)
    record_job("c", plugin="c")
    after = time.time_ns()
    spans = [recorded.span(f"job {name}") for name in "abc"]
    for span in spans:
        assert span.end_time is not None
        assert before <= span.end_time <= after
    durations = [(span.end_time or 0) - (span.start_time or 0) for span in spans]
    assert durations[0] == 10 * SECOND
    assert 10 * SECOND <= durations[1] < 12 * SECOND
    assert durations[2] == 0


def test_a_negative_duration_is_none_at_all(recorded: Recorder) -> None:
    record_job("a", plugin="a", started_at=START, duration_s=-1)
    assert recorded.span("job a").end_time == START_NANO


def test_a_recorded_job_does_not_become_current() -> None:
    with job(job_id="outer", plugin="p"):
        record_job("inner", plugin="q")
        assert current_job_id() == "outer"


def test_a_plugin_that_ended_is_recorded(recorded: Recorder) -> None:
    record_plugin(
        "ocr", job_id="j", tool="lines", started_at=START_NANO, duration_s=0.25, device="mps"
    )
    span = recorded.span("plugin ocr.lines")
    assert (span.start_time, span.end_time) == (START_NANO, START_NANO + SECOND // 4)
    assert recorded.attributes("plugin ocr.lines") == {
        "forgesyte.operation.name": "plugin",
        "forgesyte.job.id": "j",
        "forgesyte.plugin.name": "ocr",
        "forgesyte.plugin.tool": "lines",
        "forgesyte.device.name": "mps",
    }
    ((labels, point),) = recorded.points("forgesyte.plugin.execution.duration")
    assert labels["forgesyte.plugin.tool"] == "lines"
    assert point.sum == 0.25


def test_a_recorded_plugin_belongs_to_the_surrounding_job(recorded: Recorder) -> None:
    with job(job_id="j", plugin="server"):
        record_plugin("ocr", duration_s=1)
    assert recorded.attributes("plugin ocr")["forgesyte.job.id"] == "j"
    assert recorded.span("plugin ocr").parent == recorded.span("job server").context


def test_a_recorded_plugin_without_a_job_gets_a_fresh_id(recorded: Recorder) -> None:
    record_plugin("ocr", duration_s=1)
    assert len(recorded.attributes("plugin ocr")["forgesyte.job.id"]) == 36


@pytest.mark.parametrize(("soft_error", "message"), [(True, None), ("too dark", "too dark")])
def test_a_recorded_plugin_may_have_failed_softly(
    recorded: Recorder, soft_error: Any, message: str | None
) -> None:
    record_plugin("ocr", duration_s=1, soft_error=soft_error)
    assert recorded.attributes("plugin ocr")["forgesyte.plugin.soft_error"] is True
    assert recorded.span("plugin ocr").status.description == message


def test_a_recorded_plugin_may_have_raised(recorded: Recorder) -> None:
    record_plugin("ocr", duration_s=1, error=ValueError("bad box"))
    assert recorded.attributes("plugin ocr")["error.type"] == "ValueError"
    assert len(recorded.events("exception")) == 1


def test_a_device_decision_is_recorded_with_its_own_time(recorded: Recorder) -> None:
    record_device("cuda", "cpu", "no driver", job_id="j", plugin="ocr", decided_at=START)
    (log,) = recorded.logs("forgesyte.device.selected")
    assert log.log_record.timestamp == START_NANO
    attributes = dict(log.log_record.attributes or {})
    assert attributes["forgesyte.job.id"] == "j"
    assert attributes["forgesyte.plugin.name"] == "ocr"
    assert attributes["forgesyte.device.requested"] == "gpu"
    assert recorded.values("forgesyte.device.fallbacks")[0][1] == 1


def test_a_recorded_device_decision_leaves_the_running_plugin_its_device(
    recorded: Recorder,
) -> None:
    with job(job_id="j", plugin="server"), plugin(plugin="ocr", device="mps"):
        record_device("gpu", "cpu")
    (event,) = recorded.events("forgesyte.device.selected")
    assert event["forgesyte.job.id"] == "j"
    assert event["forgesyte.plugin.name"] == "ocr"
    assert recorded.attributes("plugin ocr")["forgesyte.device.name"] == "mps"


def test_a_frame_that_was_drawn_is_recorded(recorded: Recorder) -> None:
    record_frame(
        7,
        0.004,
        job_id="j",
        dropped=1,
        fps=30,
        plugin="overlay",
        device="cuda:0",
        drawn_at=START,
    )
    (drawn,) = recorded.frames
    assert drawn == (START_NANO, 0.004, "j", "overlay", "gpu", 7, 1, 30.0, None, None)


def test_a_recorded_frame_belongs_to_the_surrounding_job(recorded: Recorder) -> None:
    with job(job_id="j", plugin="p", device="cpu"):
        record_frame(0, 0.001)
    (drawn,) = recorded.frames
    assert (drawn.job_id, drawn.plugin, drawn.device) == ("j", "p", "cpu")
    assert drawn.trace_id is not None


@pytest.mark.parametrize(
    ("error", "said"),
    [(42, "42"), (["a", "b"], "['a', 'b']"), ({"code": 7}, "{'code': 7}")],
)
def test_an_error_of_an_unknown_type_is_recorded_as_text(
    recorded: Recorder, error: Any, said: str
) -> None:
    record_job("j", plugin="ocr", error=error)
    record_plugin("reader", error=error)
    for name in ("job ocr", "plugin reader"):
        assert recorded.span(name).status.status_code is StatusCode.ERROR
        assert recorded.span(name).status.description == said

"""`job`: what is recorded of one job."""

from __future__ import annotations

import re
import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import Enum
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

from otel_forgesyte import constant, current_job_id, job, plugin
from otel_forgesyte.context import current_job

if TYPE_CHECKING:
    from tests.domain.recorder import Recorder

JOB_ID = uuid.UUID("5f0c2f5e-8a57-4c1c-9d0e-7b1f0a8a2f31")


class Kind(Enum):
    IMAGE = "image"


@dataclass
class Row:
    """A job as a job server holds it."""

    job_id: uuid.UUID
    plugin_id: str = "ocr"
    status: str = "running"
    error_message: str | None = None


def test_a_bare_job_records_its_parameters_and_the_name_of_the_function(
    recorded: Recorder,
) -> None:
    @job
    def render(job_id: str, device: str) -> str:
        return f"{job_id} on {device}"

    assert render("j-1", device="cuda:1") == "j-1 on cuda:1"
    span = recorded.span("job render")
    assert span.kind is SpanKind.INTERNAL
    assert span.status.status_code is StatusCode.UNSET
    assert span.instrumentation_scope is not None
    assert span.instrumentation_scope.name == "otel_forgesyte"
    assert dict(span.attributes or {}) == {
        "forgesyte.operation.name": "job",
        "forgesyte.job.id": "j-1",
        "forgesyte.plugin.name": "render",
        "forgesyte.device.name": "gpu",
        "forgesyte.job.status": "done",
        "code.function.name": f"{__name__}.{render.__qualname__}",
    }


def test_a_job_is_measured_once_without_its_id(recorded: Recorder) -> None:
    @job
    def render(job_id: str) -> None:
        del job_id

    render("j-1")
    render("j-2")
    assert recorded.counts("forgesyte.job.duration") == [
        ({"forgesyte.plugin.name": "render", "forgesyte.job.status": "done"}, 2)
    ]


def test_a_job_duration_has_bounds_in_seconds(recorded: Recorder) -> None:
    job(job_id="j", plugin="p").__enter__().succeed(None, (), {})
    ((_, point),) = recorded.points("forgesyte.job.duration")
    assert point.explicit_bounds[0] == 0.01
    assert point.explicit_bounds[-1] == 1800.0


def test_values_are_paths_into_parameters(recorded: Recorder) -> None:
    @job(job_id="row.job_id", plugin="row.plugin_id", device="args.device")
    def execute(row: Row, args: dict[str, str]) -> bool:
        return bool(row and args)

    assert execute(Row(JOB_ID), {"device": "mps"}) is True
    attributes = recorded.attributes("job ocr")
    assert attributes["forgesyte.job.id"] == "5f0c2f5e-8a57-4c1c-9d0e-7b1f0a8a2f31"
    assert attributes["forgesyte.device.name"] == "mps"


def test_values_are_callables_over_the_bound_arguments(recorded: Recorder) -> None:
    @job(job_id=lambda a: f"{a['name']}-{a['number']}", plugin=lambda a: a["kind"])
    def execute(name: str, number: int = 7, kind: Kind = Kind.IMAGE) -> None:
        del name, number, kind

    execute("night")
    assert recorded.attributes("job image")["forgesyte.job.id"] == "night-7"


def test_values_are_constants(recorded: Recorder) -> None:
    @job(job_id=constant("fixed"), plugin=constant("ocr"), device=constant("GPU:0"))
    def execute() -> None: ...

    execute()
    attributes = recorded.attributes("job ocr")
    assert attributes["forgesyte.job.id"] == "fixed"
    assert attributes["forgesyte.device.name"] == "gpu"


def test_the_id_of_a_job_argument_is_found_unasked(recorded: Recorder) -> None:
    class Worker:
        @job
        def execute(self, job: Row) -> bool:
            return job.status == "running"

    assert Worker().execute(Row(JOB_ID)) is True
    assert recorded.attributes("job execute")["forgesyte.job.id"] == str(JOB_ID)


@pytest.mark.parametrize("given", [None, ""])
def test_a_job_without_an_id_gets_a_fresh_one(recorded: Recorder, given: str | None) -> None:
    @job
    def execute(job_id: str | None) -> str | None:
        del job_id
        return current_job_id()

    first, second = execute(given), execute(given)
    assert first is not None
    assert first != second
    assert uuid.UUID(first).version == 7
    assert uuid.UUID(first).variant == uuid.RFC_4122
    assert [span.attributes["forgesyte.job.id"] for span in recorded.spans if span.attributes] == [
        first,
        second,
    ]


def test_fresh_ids_sort_by_the_time_they_were_made() -> None:
    from otel_forgesyte.context import new_job_id

    first = new_job_id()
    assert re.fullmatch(
        r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", first
    )
    earlier = int(first.replace("-", "")[:12], 16)
    assert abs(earlier / 1000 - datetime.now(tz=timezone.utc).timestamp()) < 60


def test_seeding_the_shared_random_generator_does_not_repeat_job_ids() -> None:
    import random

    from otel_forgesyte.context import new_job_id

    random.seed(0)
    first = new_job_id()
    random.seed(0)
    assert new_job_id()[-12:] != first[-12:]


def test_numbers_are_ids_too(recorded: Recorder) -> None:
    with job(job_id=0, plugin="p"):
        assert current_job_id() == "0"
    assert recorded.attributes("job p")["forgesyte.job.id"] == "0"


def test_a_with_block_is_a_job_and_takes_plain_values(recorded: Recorder) -> None:
    with job(job_id="j-1", plugin="ocr", device=constant("cuda")) as running:
        assert running.job_id == current_job_id() == "j-1"
        assert running.plugin == "ocr"
        assert running.device == "gpu"
        assert trace.get_current_span() is running.span
    assert current_job_id() is None
    assert trace.get_current_span() is trace.INVALID_SPAN
    assert recorded.attributes("job ocr") == {
        "forgesyte.operation.name": "job",
        "forgesyte.job.id": "j-1",
        "forgesyte.plugin.name": "ocr",
        "forgesyte.device.name": "gpu",
        "forgesyte.job.status": "done",
    }


def test_a_with_block_without_a_plugin_is_unspecified(recorded: Recorder) -> None:
    with job():
        pass
    assert recorded.span("job unspecified")


def test_a_with_block_may_state_its_outcome(recorded: Recorder) -> None:
    with job(job_id="j", plugin="p") as running:
        running.set_outcome("FAILED", "no face found")
    span = recorded.span("job p")
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == "no face found"
    assert recorded.attributes("job p")["forgesyte.job.status"] == "error"


def test_an_exception_outweighs_a_stated_outcome(recorded: Recorder) -> None:
    def execute() -> None:
        with job(plugin="p") as running:
            running.set_outcome("done")
            raise KeyError("k")

    with pytest.raises(KeyError):
        execute()
    assert recorded.attributes("job p")["forgesyte.job.status"] == "error"


def test_one_declaration_may_be_entered_again_and_inside_itself(recorded: Recorder) -> None:
    declared = job(plugin="p")
    with declared as outer, declared as inner:
        assert inner.job_id != outer.job_id
        assert current_job_id() == inner.job_id
    with declared:
        pass
    assert len(recorded.spans) == 3


def test_a_job_inside_a_job_has_an_id_of_its_own(recorded: Recorder) -> None:
    with job(job_id="outer", plugin="o"):
        with job(job_id="inner", plugin="i"):
            assert current_job_id() == "inner"
        assert current_job_id() == "outer"
    inner, outer = recorded.span("job i"), recorded.span("job o")
    assert inner.parent is not None
    assert inner.parent == outer.context
    assert recorded.attributes("job i")["forgesyte.job.id"] == "inner"


def test_the_current_job_tells_what_it_runs() -> None:
    with job(job_id="j", plugin="p", device="cpu") as running:
        state = current_job()
        assert state is not None
        assert (state.job_id, state.plugin, state.device) == ("j", "p", "cpu")
        assert state.span is running.span
    assert current_job() is None


@pytest.mark.parametrize("zone", [timezone.utc, timezone(timedelta(hours=9)), None])
def test_the_wait_in_the_queue_is_recorded(recorded: Recorder, zone: timezone | None) -> None:
    now = datetime.now(tz=timezone.utc) - timedelta(seconds=30)
    enqueued_at = now.replace(tzinfo=None) if zone is None else now.astimezone(zone)

    @job
    def execute(enqueued_at: datetime) -> None:
        del enqueued_at

    execute(enqueued_at)
    assert 30 <= recorded.attributes("job execute")["forgesyte.job.queue.wait"] < 60
    ((attributes, point),) = recorded.points("forgesyte.job.queue.duration")
    assert attributes == {"forgesyte.plugin.name": "execute"}
    assert 30 <= point.sum < 60


def test_a_job_enqueued_in_the_future_has_not_waited(recorded: Recorder) -> None:
    later = datetime.now(tz=timezone.utc) + timedelta(hours=1)
    with job(plugin="p", enqueued_at=later):
        pass
    assert recorded.attributes("job p")["forgesyte.job.queue.wait"] == 0


def test_a_job_that_never_waited_has_no_wait(recorded: Recorder) -> None:
    with job(plugin="p"):
        pass
    assert "forgesyte.job.queue.wait" not in recorded.attributes("job p")
    assert recorded.points("forgesyte.job.queue.duration") == []


def test_running_jobs_are_counted_by_plugin(recorded: Recorder) -> None:
    def running() -> dict[str, float]:
        points = recorded.values("forgesyte.job.active")
        return {attributes["forgesyte.plugin.name"]: value for attributes, value in points}

    with job(plugin="counted"), job(plugin="counted"):
        assert running()["counted"] == 2
    assert running()["counted"] == 0


def test_the_age_of_the_oldest_running_job_is_told_by_plugin(recorded: Recorder) -> None:
    def oldest_s() -> float:
        points = recorded.values("forgesyte.job.oldest.age")
        return {labels["forgesyte.plugin.name"]: value for labels, value in points}["aged"]

    with job(plugin="aged"):
        time.sleep(0.05)
        with job(plugin="aged"):
            pass
        assert 0.05 <= oldest_s() < 5
    assert oldest_s() == 0


def test_everything_below_a_job_is_its_child(recorded: Recorder) -> None:
    tracer = recorded.tracer_provider.get_tracer("somebody else")
    with job(plugin="j"), plugin(plugin="p"), tracer.start_as_current_span("query"):
        pass
    job_span, plugin_span = recorded.span("job j"), recorded.span("plugin p")
    assert job_span.parent is None
    assert plugin_span.parent == job_span.context
    assert recorded.span("query").parent == plugin_span.context


def test_a_job_function_keeps_its_name_signature_and_documentation() -> None:
    import inspect

    def execute(job_id: str, *, device: str = "cpu") -> dict[str, Any]:
        """Run it."""
        return {"id": job_id, "device": device}

    observed = job(execute)
    assert observed.__name__ == "execute"
    assert observed.__doc__ == "Run it."
    assert observed.__qualname__ == execute.__qualname__
    assert inspect.signature(observed) == inspect.signature(execute)

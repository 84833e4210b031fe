"""Measurements may be handed to a buffer and recorded elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.context import Context
from opentelemetry.sdk.metrics import Histogram

from otel_forgesyte import failures, job, plugin, telemetry

if TYPE_CHECKING:
    from otel_forgesyte.telemetry import Measurement
    from tests.domain.recorder import Recorder


class Buffer:
    """Takes up to `room` measurements."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.taken: list[Measurement] = []

    def append(self, measurement: Measurement, /) -> bool:
        if len(self.taken) >= self.room:
            return False
        self.taken.append(measurement)
        return True

    def deliver(self) -> None:
        taken, self.taken = self.taken, []
        for measurement in taken:
            telemetry.replay(measurement)


def test_a_deferred_measurement_names_instrument_value_labels_and_context() -> None:
    buffer = Buffer(10)
    telemetry.defer_measurements_to(buffer)
    try:
        with job(job_id="j", plugin="p") as running:
            inside = running.context
    finally:
        telemetry.defer_measurements_to(None)
    ((histogram, value, attributes, context),) = buffer.taken
    assert histogram is telemetry.emitters().job_duration
    assert value > 0
    assert attributes == {"forgesyte.plugin.name": "p", "forgesyte.job.status": "done"}
    assert context is inside


def test_a_collection_includes_what_waits_in_the_buffer(recorded: Recorder) -> None:
    buffer = Buffer(10)
    telemetry.defer_measurements_to(buffer)
    with job(plugin="p"), plugin(plugin="q"):
        pass
    assert len(buffer.taken) == 2
    ((_, count),) = recorded.counts("forgesyte.job.duration")
    assert count == 1
    assert buffer.taken == []


def test_a_full_buffer_loses_nothing(recorded: Recorder) -> None:
    telemetry.defer_measurements_to(Buffer(2))
    for _ in range(5):
        with job(plugin="p"):
            pass
    ((_, count),) = recorded.counts("forgesyte.job.duration")
    assert count == 5


def test_an_exemplar_leads_to_the_span_whenever_it_is_recorded(recorded: Recorder) -> None:
    telemetry.defer_measurements_to(Buffer(10))
    with job(plugin="p") as running:
        pass
    ((_, point),) = recorded.points("forgesyte.job.duration")
    (exemplar,) = point.exemplars
    assert exemplar.span_id == running.span.get_span_context().span_id


@pytest.mark.parametrize("providers", range(2))
def test_the_instruments_are_real_once_bound(recorded: Recorder, providers: int) -> None:
    emitters = telemetry.use_providers(meter_provider=recorded.meter_provider)
    assert isinstance(emitters.job_duration, Histogram), providers


def test_a_buffer_that_cannot_deliver_costs_only_what_it_holds(
    recorded: Recorder, expected_failures: object
) -> None:
    class Stuck(Buffer):
        def deliver(self) -> None:
            raise RuntimeError("stuck")

    telemetry.defer_measurements_to(Stuck(10))
    with job(plugin="p"):
        pass
    assert dict(recorded.points("forgesyte.job.active")[0][0]) != {}
    assert expected_failures is failures.failures
    assert failures.failures() == {"measurement": 1}


def test_replaying_to_an_instrument_that_fails_is_counted(expected_failures: object) -> None:
    nothing: Any = None
    telemetry.replay((nothing, 1.0, {}, Context()))
    assert expected_failures is failures.failures
    assert failures.failures() == {"measurement": 1}

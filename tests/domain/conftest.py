"""Each domain test emits through providers of its own and leaves no failure unexplained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.trace import NoOpTracerProvider

from otel_forgesyte import failures, overlays, telemetry
from tests.domain.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def recorded() -> Iterator[Recorder]:
    """What the decorators emit while the test runs."""
    recorder = Recorder()
    failures.forget_failures()
    telemetry.use_providers(
        recorder.tracer_provider, recorder.meter_provider, recorder.logger_provider
    )
    overlays.send_frames_to(recorder)
    yield recorder
    overlays.send_frames_to(None)
    telemetry.defer_measurements_to(None)
    telemetry.use_providers(NoOpTracerProvider(), NoOpMeterProvider())
    recorder.shutdown()


@pytest.fixture(autouse=True)
def no_failures(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that provokes failures says so with `expected_failures`; any other has none."""
    failures.forget_failures()
    yield
    if "expected_failures" not in request.fixturenames:
        assert failures.failures() == {}
    failures.forget_failures()


@pytest.fixture
def expected_failures() -> object:
    """The failures so far, by place; asking for it allows them."""
    return failures.failures

"""The small parts that set-up is made of, each on its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from opentelemetry.sdk.metrics.export import HistogramDataPoint
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from otel_forgesyte.errors import ConfigError
from otel_forgesyte.overlays import Frame
from otel_forgesyte.semconv import FORGESYTE_JOB_ID, FORGESYTE_OPERATION_NAME
from otel_forgesyte.setup.buffer import Buffer
from otel_forgesyte.setup.frames import encode
from otel_forgesyte.setup.sampler import SamplingProofSampler
from otel_forgesyte.setup.settings import resolve
from otel_forgesyte.setup.worker import Worker


def test_a_full_buffer_says_so_and_keeps_what_it_has() -> None:
    buffer: Buffer[int] = Buffer(2)
    assert [buffer.append(item) for item in (1, 2, 3)] == [True, True, False]
    assert buffer.take() == [1, 2]
    assert len(buffer) == 0


def test_a_buffer_loses_nothing_to_eight_threads() -> None:
    buffer: Buffer[int] = Buffer(100_000)
    taken: list[int] = []

    def append() -> None:
        for item in range(5_000):
            buffer.append(item)

    threads = [threading.Thread(target=append) for _ in range(8)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        taken += buffer.take()
    taken += buffer.take()
    assert sorted(taken) == sorted(list(range(5_000)) * 8)


def test_the_worker_goes_on_after_a_task_that_raises(caplog: pytest.LogCaptureFixture) -> None:
    done = threading.Event()

    class Part:
        def __init__(self, deliver: Callable[[], None]) -> None:
            self.deliver = deliver

        def forget(self) -> None:
            raise AssertionError("nothing forks here")

    def broken() -> None:
        raise OSError("the disk is gone")

    worker = Worker([Part(broken), Part(done.set)], interval_s=0.01)
    assert done.wait(5)
    time.sleep(0.1)
    worker.stop()
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 1
    assert "OSError('the disk is gone')" in said[0]


def test_an_errand_that_fails_ends_neither_the_worker_nor_its_caller() -> None:
    worker = Worker([], interval_s=60)

    def broken() -> bool:
        raise ValueError("no")

    started = time.monotonic()
    assert worker.run(broken, timeout_s=30) is False
    assert worker.run(lambda: True, timeout_s=30) is True
    assert time.monotonic() - started < 5
    worker.stop()


def test_a_dropped_domain_span_is_recorded_and_not_sampled() -> None:
    provider = TracerProvider(sampler=SamplingProofSampler(ALWAYS_OFF))
    tracer = provider.get_tracer("any")
    ours = tracer.start_span("job x", attributes={FORGESYTE_OPERATION_NAME: "job"})
    other = tracer.start_span("query")
    assert ours.is_recording()
    assert not ours.get_span_context().trace_flags.sampled
    assert not other.is_recording()


@pytest.mark.parametrize("ratio", ["2", "-1", "many"])
def test_a_sampling_ratio_that_is_none_is_refused(ratio: str) -> None:
    with pytest.raises(ConfigError, match=f"'{ratio}'.*from 0 to 1"):
        SamplingProofSampler(ratio)


@pytest.mark.parametrize("port", ["http", -1, 65_536])
def test_a_port_that_is_none_is_refused(port: object) -> None:
    with pytest.raises(ConfigError, match=r"prometheus_port is .*: give a port from 1 to 65535"):
        resolve({"prometheus_port": port})


def test_an_argument_beats_the_environment_and_that_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "console, otlp")
    monkeypatch.setenv("OTEL_LOGS_EXPORTER", "none")
    monkeypatch.delenv("OTEL_METRICS_EXPORTER", raising=False)
    assert resolve({"traces_exporter": ["duckdb"]}).traces == ("duckdb",)
    assert resolve({}).traces == ("console", "otlp")
    assert resolve({}).metrics == ("duckdb",)
    assert resolve({}).logs == ()


def test_a_prometheus_port_asks_for_prometheus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_METRICS_EXPORTER", raising=False)
    assert resolve({"prometheus_port": 0}).metrics == ("duckdb", "prometheus")


def test_every_frame_is_an_exemplar_of_one_point_per_plugin_and_device() -> None:
    frames = [
        Frame(
            time_unix_nano=1_000 + index,
            duration_s=0.002 * (index + 1),
            job_id="job-1",
            plugin="draw",
            device="cpu",
            index=index,
            dropped=0,
            fps=None,
            trace_id=1,
            span_id=2,
        )
        for index in range(3)
    ]
    data = encode(frames, TracerProvider().resource)
    (point,) = data.resource_metrics[0].scope_metrics[0].metrics[0].data.data_points
    assert isinstance(point, HistogramDataPoint)
    assert point.count == 3
    assert sum(point.bucket_counts) == 3
    assert FORGESYTE_JOB_ID not in (point.attributes or {})
    identities = [exemplar.filtered_attributes for exemplar in point.exemplars]
    assert identities == [
        {"forgesyte.job.id": "job-1", "forgesyte.frame.index": index, "forgesyte.frame.dropped": 0}
        for index in range(3)
    ]

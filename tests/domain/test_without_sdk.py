"""In an application that sets nothing up, the decorators cost little and change nothing."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def run(program: str, folder: Path) -> str:
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(program)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr == ""
    return finished.stdout


def test_without_an_sdk_everything_runs_and_nothing_is_started(tmp_path: Path) -> None:
    seen = run(
        """
        import asyncio, os, sys, threading
        from otel_forgesyte.context import current_job_id
        from otel_forgesyte.devices import report_device
        from otel_forgesyte.failures import failures
        from otel_forgesyte.fallback import device_fallback
        from otel_forgesyte.framing import frame_callback, frames
        from otel_forgesyte.jobs import job
        from otel_forgesyte.overlays import frame
        from otel_forgesyte.plugins import plugin
        from otel_forgesyte.recording import record_device, record_frame, record_job, record_plugin

        @plugin
        @device_fallback("gpu", "cpu")
        def tool(device="gpu"):
            if device == "gpu":
                raise RuntimeError("no gpu")
            return device

        @job
        def execute(job_id):
            report_device("gpu", "cpu")
            for number in frames([1, 2]):
                with frame(number):
                    frame_callback()(number)
            return current_job_id(), tool()

        @job
        def walk():
            yield 1
            return 2

        @job
        async def fail():
            raise KeyError("k")

        assert execute("j") == ("j", "cpu")
        assert list(walk()) == [1]
        try:
            asyncio.run(fail())
        except KeyError as error:
            assert vars(error) == {}
        record_job("j"); record_plugin("p"); record_device("gpu", "cpu"); record_frame(0, 0.1)
        assert failures() == {}, failures()
        assert threading.active_count() == 1
        assert not [name for name in sys.modules if name.startswith("opentelemetry.sdk")]
        print(os.listdir())
        """,
        tmp_path,
    )
    assert seen == "[]\n"


def test_a_provider_set_after_the_first_job_is_used_from_then_on(tmp_path: Path) -> None:
    seen = run(
        """
        from otel_forgesyte.jobs import job

        @job
        def execute(job_id):
            return job_id

        execute("before")
        from opentelemetry import metrics, trace
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import InMemoryMetricReader
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

        spans, reader = InMemorySpanExporter(), InMemoryMetricReader()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(spans))
        trace.set_tracer_provider(provider)
        metrics.set_meter_provider(MeterProvider([reader]))
        execute("after")
        print([span.attributes["forgesyte.job.id"] for span in spans.get_finished_spans()])
        names = {
            metric.name
            for resource in reader.get_metrics_data().resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }
        print(sorted(names))
        """,
        tmp_path,
    )
    assert seen.splitlines() == [
        "['after']",
        "['forgesyte.job.active', 'forgesyte.job.duration', 'forgesyte.job.oldest.age']",
    ]


def test_a_forked_child_counts_its_own_jobs_and_makes_its_own_ids(tmp_path: Path) -> None:
    seen = run(
        """
        import os
        from otel_forgesyte.active import active_jobs
        from otel_forgesyte.context import new_job_id
        from otel_forgesyte.jobs import job

        with job(plugin="p"):
            reader, writer = os.pipe()
            if os.fork() == 0:
                running = [observation.value for observation in active_jobs.observe(None)]
                os.write(writer, f"{sum(running)} {new_job_id()[-12:]}".encode())
                os._exit(0)
            os.wait()
            running, ending = os.read(reader, 100).decode().split()
            print(running, ending != new_job_id()[-12:])
        print([observation.value for observation in active_jobs.observe(None)])
        """,
        tmp_path,
    )
    assert seen.splitlines() == ["0 True", "[0]"]

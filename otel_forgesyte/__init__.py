"""Local-first OpenTelemetry for job and plugin pipelines.

    from otel_forgesyte import configure, frame, job, plugin, report_device

`configure()` sets telemetry up; the decorators say what is a job and what is a plugin;
`open_reader()` asks what happened. Importing this package loads the OpenTelemetry API and nothing
heavier.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from otel_forgesyte.context import current_job_id
from otel_forgesyte.devices import report_device
from otel_forgesyte.fallback import device_fallback
from otel_forgesyte.framing import frame_callback, frames
from otel_forgesyte.jobs import job
from otel_forgesyte.objectives import Objective
from otel_forgesyte.overlays import frame
from otel_forgesyte.plugins import plugin
from otel_forgesyte.recording import record_device, record_frame, record_job, record_plugin
from otel_forgesyte.setup import configure
from otel_forgesyte.values import constant

if TYPE_CHECKING:
    from otel_forgesyte.reading import open_reader

__all__ = [
    "Objective",
    "configure",
    "constant",
    "current_job_id",
    "device_fallback",
    "frame",
    "frame_callback",
    "frames",
    "job",
    "open_reader",
    "plugin",
    "record_device",
    "record_frame",
    "record_job",
    "record_plugin",
    "report_device",
]


def __getattr__(name: str) -> object:
    # Reading needs the exporter's package, and that the SDK: loaded by whoever asks for it.
    if name == "open_reader":
        from otel_forgesyte.reading import open_reader

        return open_reader
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

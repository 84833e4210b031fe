"""Local-first OpenTelemetry for job and plugin pipelines.

    from otel_forgesyte import configure, frame, job, plugin, report_device

`configure()` sets telemetry up; the decorators say what is a job and what is a plugin;
`open_reader()` asks what happened. Each name loads what it needs when it is first asked for: for
the decorators that is the OpenTelemetry API and nothing heavier.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from otel_forgesyte.context import current_job_id
    from otel_forgesyte.devices import report_device
    from otel_forgesyte.fallback import device_fallback
    from otel_forgesyte.framing import frame_callback, frames
    from otel_forgesyte.jobs import job
    from otel_forgesyte.objectives import Objective
    from otel_forgesyte.overlays import frame
    from otel_forgesyte.plugins import plugin
    from otel_forgesyte.reading import open_reader
    from otel_forgesyte.recording import record_device, record_frame, record_job, record_plugin
    from otel_forgesyte.setup import configure
    from otel_forgesyte.values import constant

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

_HOMES = {
    "Objective": "objectives",
    "configure": "setup",
    "constant": "values",
    "current_job_id": "context",
    "device_fallback": "fallback",
    "frame": "overlays",
    "frame_callback": "framing",
    "frames": "framing",
    "job": "jobs",
    "open_reader": "reading",
    "plugin": "plugins",
    "record_device": "recording",
    "record_frame": "recording",
    "record_job": "recording",
    "record_plugin": "recording",
    "report_device": "devices",
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    home = _HOMES.get(name)
    if home is not None:
        found = getattr(import_module(f"{__name__}.{home}"), name)
    elif name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    else:  # a module of this package, as `otel_forgesyte.telemetry`
        try:
            found = import_module(f"{__name__}.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"{__name__}.{name}":
                raise
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    globals()[name] = found  # asked for once: from now on it is an attribute like any other
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

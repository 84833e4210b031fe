"""Names of the attributes, spans, metrics and log events that otel_forgesyte emits.

GENERATED from schema/registry/*.yaml by `python schema/registry/generate.py`: do not edit.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal

SCOPE_NAME: Final = "otel_forgesyte"

# Attributes
FORGESYTE_DEVICE_FALLBACK: Final = "forgesyte.device.fallback"
FORGESYTE_DEVICE_FALLBACK_REASON: Final = "forgesyte.device.fallback.reason"
FORGESYTE_DEVICE_NAME: Final = "forgesyte.device.name"
FORGESYTE_DEVICE_REQUESTED: Final = "forgesyte.device.requested"
FORGESYTE_DEVICE_USED: Final = "forgesyte.device.used"
FORGESYTE_FRAME_DROPPED: Final = "forgesyte.frame.dropped"
FORGESYTE_FRAME_INDEX: Final = "forgesyte.frame.index"
FORGESYTE_FRAME_RATE: Final = "forgesyte.frame.rate"
FORGESYTE_JOB_ID: Final = "forgesyte.job.id"
FORGESYTE_JOB_QUEUE_WAIT: Final = "forgesyte.job.queue.wait"
FORGESYTE_JOB_STATUS: Final = "forgesyte.job.status"
FORGESYTE_OPERATION_NAME: Final = "forgesyte.operation.name"
FORGESYTE_PLUGIN_NAME: Final = "forgesyte.plugin.name"
FORGESYTE_PLUGIN_SOFT_ERROR: Final = "forgesyte.plugin.soft_error"
FORGESYTE_PLUGIN_TOOL: Final = "forgesyte.plugin.tool"

# Attributes of OpenTelemetry's own registry that we use
CODE_FUNCTION_NAME: Final = "code.function.name"
ERROR_TYPE: Final = "error.type"
EXCEPTION_MESSAGE: Final = "exception.message"
EXCEPTION_STACKTRACE: Final = "exception.stacktrace"
EXCEPTION_TYPE: Final = "exception.type"
SERVICE_INSTANCE_ID: Final = "service.instance.id"
SERVICE_NAME: Final = "service.name"


class JobStatusValues(Enum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    ERROR = "error"
    CANCELLED = "cancelled"


class OperationNameValues(Enum):
    JOB = "job"
    PLUGIN = "plugin"


# Spans
SPAN_FORGESYTE_JOB: Final = "forgesyte.job"
SPAN_FORGESYTE_PLUGIN: Final = "forgesyte.plugin"

# Log events
EVENT_EXCEPTION: Final = "exception"
EVENT_FORGESYTE_DEVICE_SELECTED: Final = "forgesyte.device.selected"


@dataclass(frozen=True)
class Instrument:
    """One metric: what is needed to create its instrument and the view over it."""

    __slots__ = ("attributes", "bounds", "description", "kind", "name", "unit")

    name: str
    kind: Literal["counter", "gauge", "histogram", "updowncounter"]
    unit: str
    description: str
    bounds: tuple[float, ...] | None
    attributes: tuple[str, ...]


# Metrics
METRIC_FORGESYTE_DEVICE_FALLBACKS: Final = Instrument(
    name="forgesyte.device.fallbacks",
    kind="counter",
    unit="{fallback}",
    description="Operations that ran on another device than the one they asked for.",
    bounds=None,
    attributes=(FORGESYTE_DEVICE_REQUESTED, FORGESYTE_DEVICE_USED),
)
METRIC_FORGESYTE_JOB_ACTIVE: Final = Instrument(
    name="forgesyte.job.active",
    kind="updowncounter",
    unit="{job}",
    description="Jobs that are running now.",
    bounds=None,
    attributes=(FORGESYTE_PLUGIN_NAME,),
)
METRIC_FORGESYTE_JOB_DURATION: Final = Instrument(
    name="forgesyte.job.duration",
    kind="histogram",
    unit="s",
    description="Time from the start of a job to its end.",
    bounds=(
        0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0,
    ),
    attributes=(
        FORGESYTE_PLUGIN_NAME,
        FORGESYTE_DEVICE_NAME,
        FORGESYTE_JOB_STATUS,
        ERROR_TYPE,
    ),
)
METRIC_FORGESYTE_JOB_QUEUE_DURATION: Final = Instrument(
    name="forgesyte.job.queue.duration",
    kind="histogram",
    unit="s",
    description="Time a job waited between being accepted and being started.",
    bounds=(
        0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0,
    ),
    attributes=(FORGESYTE_PLUGIN_NAME,),
)
METRIC_FORGESYTE_OVERLAY_FRAME_DURATION: Final = Instrument(
    name="forgesyte.overlay.frame.duration",
    kind="histogram",
    unit="s",
    description="Time to draw one overlay frame, one exemplar per frame.",
    bounds=(0.001, 0.002, 0.005, 0.01, 0.0167, 0.033, 0.05, 0.1, 0.25, 0.5, 1.0),
    attributes=(FORGESYTE_PLUGIN_NAME, FORGESYTE_DEVICE_NAME),
)
METRIC_FORGESYTE_OVERLAY_RENDER_DURATION: Final = Instrument(
    name="forgesyte.overlay.render.duration",
    kind="histogram",
    unit="s",
    description="Time to draw one overlay frame.",
    bounds=(0.001, 0.002, 0.005, 0.01, 0.0167, 0.033, 0.05, 0.1, 0.25, 0.5, 1.0),
    attributes=(FORGESYTE_PLUGIN_NAME, FORGESYTE_DEVICE_NAME),
)
METRIC_FORGESYTE_PLUGIN_EXECUTION_DURATION: Final = Instrument(
    name="forgesyte.plugin.execution.duration",
    kind="histogram",
    unit="s",
    description="Time from the start of a plugin's run to its end.",
    bounds=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
    attributes=(
        FORGESYTE_PLUGIN_NAME,
        FORGESYTE_PLUGIN_TOOL,
        FORGESYTE_DEVICE_NAME,
        FORGESYTE_PLUGIN_SOFT_ERROR,
        ERROR_TYPE,
    ),
)

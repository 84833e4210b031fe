"""The names that otel_forgesyte emits, as constants.

Generated from the YAML files in schema/registry by `python schema/registry/generate.py`. Change the
names there: the next run of the generator overwrites this file.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, Literal, NamedTuple

SCOPE_NAME: Final = "otel_forgesyte"
"""Name of the instrumentation scope of everything below."""

# Attributes

FORGESYTE_DEVICE_FALLBACK: Final = "forgesyte.device.fallback"
"""Whether the device used differs from the device requested."""

FORGESYTE_DEVICE_FALLBACK_REASON: Final = "forgesyte.device.fallback.reason"
"""Why the requested device was not used."""

FORGESYTE_DEVICE_NAME: Final = "forgesyte.device.name"
"""Device that the operation ran on, in canonical form."""

FORGESYTE_DEVICE_REQUESTED: Final = "forgesyte.device.requested"
"""Device that was asked for, in canonical form."""

FORGESYTE_DEVICE_USED: Final = "forgesyte.device.used"
"""Device that was used after all, in canonical form."""

FORGESYTE_FRAME_DROPPED: Final = "forgesyte.frame.dropped"
"""Frames skipped since the frame before this one. Unit: {frame}."""

FORGESYTE_FRAME_INDEX: Final = "forgesyte.frame.index"
"""Position of the frame in its job, from 0."""

FORGESYTE_FRAME_RATE: Final = "forgesyte.frame.rate"
"""Frames drawn per second when this one was drawn. Unit: {frame}/s."""

FORGESYTE_JOB_ID: Final = "forgesyte.job.id"
"""Identifies one job, in the application's own form."""

FORGESYTE_JOB_QUEUE_WAIT: Final = "forgesyte.job.queue.wait"
"""Time the job waited between being accepted and being started. Unit: s."""

FORGESYTE_JOB_STATUS: Final = "forgesyte.job.status"
"""State of the job."""

FORGESYTE_METRIC_ATTRIBUTE: Final = "forgesyte.metric.attribute"
"""Key of an attribute of that metric."""

FORGESYTE_METRIC_NAME: Final = "forgesyte.metric.name"
"""Name of a metric, as the application gave it."""

FORGESYTE_OPERATION_NAME: Final = "forgesyte.operation.name"
"""What kind of operation a span stands for."""

FORGESYTE_PLUGIN_NAME: Final = "forgesyte.plugin.name"
"""Name of the plugin."""

FORGESYTE_PLUGIN_SOFT_ERROR: Final = "forgesyte.plugin.soft_error"
"""Whether the plugin returned a result that itself reports failure."""

FORGESYTE_PLUGIN_TOOL: Final = "forgesyte.plugin.tool"
"""Name of the plugin's tool that was run."""

# Attributes that OpenTelemetry defines

CODE_FUNCTION_NAME: Final = "code.function.name"
"""Qualified name of the decorated function."""

ERROR_TYPE: Final = "error.type"
"""Qualified class of the exception that ended the operation."""

EXCEPTION_MESSAGE: Final = "exception.message"
"""The exception's message."""

EXCEPTION_STACKTRACE: Final = "exception.stacktrace"
"""The traceback as Python prints it."""

EXCEPTION_TYPE: Final = "exception.type"
"""Qualified class of the exception."""

OTEL_COMPONENT_NAME: Final = "otel.component.name"
"""The component in its process."""

OTEL_COMPONENT_TYPE: Final = "otel.component.type"
"""The class of the component."""

SERVICE_INSTANCE_ID: Final = "service.instance.id"
"""One running process of the application."""

SERVICE_NAME: Final = "service.name"
"""Logical name of the application."""

# Spans, by type

SPAN_FORGESYTE_JOB: Final = "forgesyte.job"
"""One job, from its start to its end."""

SPAN_FORGESYTE_PLUGIN: Final = "forgesyte.plugin"
"""One execution of a plugin's tool."""

# Log events, by event name

EVENT_EXCEPTION: Final = "exception"
"""An exception left a job or a plugin."""

EVENT_FORGESYTE_DEVICE_SELECTED: Final = "forgesyte.device.selected"
"""An operation settled on a device."""


class JobStatusValues(Enum):
    """Known values of `forgesyte.job.status`."""

    QUEUED = "queued"
    """Accepted, not started."""

    RUNNING = "running"
    """Started, not ended. A job whose process died stays in this state."""

    DONE = "done"
    """Ended well."""

    ERROR = "error"
    """Ended by an exception, or by an outcome that reports failure."""

    CANCELLED = "cancelled"
    """Ended before its time by the caller."""


class OperationNameValues(Enum):
    """Known values of `forgesyte.operation.name`."""

    JOB = "job"
    """A request that runs one or more plugins."""

    PLUGIN = "plugin"
    """One execution of a plugin's tool."""


# No dataclass, because whoever imports a decorator imports this: see `otel_forgesyte.values`.
class Instrument(NamedTuple):
    """One metric: what it takes to create its instrument, and the view over it."""

    name: str
    kind: Literal["counter", "gauge", "histogram", "updowncounter"]
    unit: str
    description: str
    bounds: tuple[float, ...] | None
    """Upper bounds of the histogram's buckets in the metric's unit, else None."""
    attributes: tuple[str, ...]
    """The only attributes that may become labels."""
    exemplar_attributes: tuple[str, ...] = ()
    """Attributes that tell single measurements apart, and travel in exemplars only."""


# Metrics

METRIC_FORGESYTE_DEAD_LETTERS: Final = Instrument(
    name="forgesyte.dead_letters",
    kind="gauge",
    unit="{record}",
    description="Records set aside because they cannot be stored.",
    bounds=None,
    attributes=(OTEL_COMPONENT_TYPE, OTEL_COMPONENT_NAME),
)

METRIC_FORGESYTE_DEVICE_FALLBACKS: Final = Instrument(
    name="forgesyte.device.fallbacks",
    kind="counter",
    unit="{fallback}",
    description="Operations that ran on another device than the one they asked for.",
    bounds=None,
    attributes=(FORGESYTE_DEVICE_REQUESTED, FORGESYTE_DEVICE_USED),
)
"""The reason is free text and stands in the log event, never in a label."""

METRIC_FORGESYTE_DRAIN_DURATION: Final = Instrument(
    name="forgesyte.drain.duration",
    kind="histogram",
    unit="s",
    description="Time that one drain of the spool into the database took, in this process.",
    bounds=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
    attributes=(OTEL_COMPONENT_TYPE, OTEL_COMPONENT_NAME, ERROR_TYPE),
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
        0.01,
        0.025,
        0.05,
        0.1,
        0.25,
        0.5,
        1.0,
        2.5,
        5.0,
        10.0,
        30.0,
        60.0,
        120.0,
        300.0,
        600.0,
        1800.0,
    ),
    attributes=(FORGESYTE_PLUGIN_NAME, FORGESYTE_DEVICE_NAME, FORGESYTE_JOB_STATUS, ERROR_TYPE),
)
"""Its count is the number of ended jobs, so there is no separate counter: each further instrument
costs every job a measurement.
"""

METRIC_FORGESYTE_JOB_OLDEST_AGE: Final = Instrument(
    name="forgesyte.job.oldest.age",
    kind="gauge",
    unit="s",
    description="Time since the start of the job that has been running longest; 0 when none runs.",
    bounds=None,
    attributes=(FORGESYTE_PLUGIN_NAME,),
)
"""Rises for as long as that job does not end, whatever others do beside it. Over several processes,
take the largest.
"""

METRIC_FORGESYTE_JOB_QUEUE_DURATION: Final = Instrument(
    name="forgesyte.job.queue.duration",
    kind="histogram",
    unit="s",
    description="Time a job waited between being accepted and being started.",
    bounds=(
        0.001,
        0.005,
        0.01,
        0.025,
        0.05,
        0.1,
        0.25,
        0.5,
        1.0,
        2.5,
        5.0,
        10.0,
        30.0,
        60.0,
        120.0,
        300.0,
    ),
    attributes=(FORGESYTE_PLUGIN_NAME,),
)

METRIC_FORGESYTE_METRIC_EXPLOSION: Final = Instrument(
    name="forgesyte.metric.explosion",
    kind="gauge",
    unit="{value}",
    description="Values of the attribute that has most, of a metric that has too many series.",
    bounds=None,
    attributes=(FORGESYTE_METRIC_NAME, FORGESYTE_METRIC_ATTRIBUTE),
)
"""Told while the SDK or the metrics page keeps back some of the series. The values are those that
were kept; there are more. `otel-forgesyte doctor` names them too.
"""

METRIC_FORGESYTE_OVERLAY_FRAME_DURATION: Final = Instrument(
    name="forgesyte.overlay.frame.duration",
    kind="histogram",
    unit="s",
    description="Time to draw each overlay frame, one exemplar per frame.",
    bounds=(0.001, 0.002, 0.005, 0.01, 0.0167, 0.033, 0.05, 0.1, 0.25, 0.5, 1.0),
    attributes=(FORGESYTE_PLUGIN_NAME, FORGESYTE_DEVICE_NAME),
    exemplar_attributes=(
        FORGESYTE_JOB_ID,
        FORGESYTE_FRAME_INDEX,
        FORGESYTE_FRAME_DROPPED,
        FORGESYTE_FRAME_RATE,
    ),
)
"""The frame stream. What tells frames apart travels in exemplars, so that it never becomes a label,
and only exporters that are pushed to receive it: a scrape would lose all but the last frames.
"""

METRIC_FORGESYTE_OVERLAY_FRAME_INTERVAL: Final = Instrument(
    name="forgesyte.overlay.frame.interval",
    kind="histogram",
    unit="s",
    description="Time from one overlay frame to the next.",
    bounds=(0.0083, 0.0167, 0.02, 0.0333, 0.04, 0.05, 0.067, 0.1, 0.2, 0.5, 1.0),
    attributes=(FORGESYTE_PLUGIN_NAME, FORGESYTE_DEVICE_NAME),
)
"""Of frames whose rate is known, from which it is computed. Its count divided by its sum is the
frames per second that a viewer saw. The bounds are one frame at 120, 60, 50, 30, 25, 20, 15, 10, 5,
2 and 1 frames per second.
"""

METRIC_FORGESYTE_OVERLAY_FRAMES_DROPPED: Final = Instrument(
    name="forgesyte.overlay.frames.dropped",
    kind="counter",
    unit="{frame}",
    description="Overlay frames that were skipped.",
    bounds=None,
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
"""The bounds at 0.0167 and 0.033 are one frame at 60 and at 30 frames per second."""

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
"""Runs, failures and soft errors are counts of this histogram by attribute."""

METRIC_FORGESYTE_RECORDS_ACCEPTED: Final = Instrument(
    name="forgesyte.records.accepted",
    kind="counter",
    unit="{record}",
    description="Records that this process was given for the database.",
    bounds=None,
    attributes=(OTEL_COMPONENT_TYPE, OTEL_COMPONENT_NAME),
)
"""As many as were exported or dropped, and what an export has in hand. The record of a span that
still runs is one too.
"""

METRIC_FORGESYTE_RECORDS_DROPPED: Final = Instrument(
    name="forgesyte.records.dropped",
    kind="counter",
    unit="{record}",
    description="Records that this process could not keep.",
    bounds=None,
    attributes=(OTEL_COMPONENT_TYPE, OTEL_COMPONENT_NAME, ERROR_TYPE),
)
"""The reason is `error.type`, as in `otel.loss_ledger`."""

METRIC_FORGESYTE_SPOOL_OLDEST_AGE: Final = Instrument(
    name="forgesyte.spool.oldest.age",
    kind="gauge",
    unit="s",
    description="Time since the oldest sealed segment was written; 0 when nothing waits.",
    bounds=None,
    attributes=(OTEL_COMPONENT_TYPE, OTEL_COMPONENT_NAME),
)
"""Rises for as long as nobody can drain."""

METRIC_FORGESYTE_SPOOL_RECORDS: Final = Instrument(
    name="forgesyte.spool.records",
    kind="gauge",
    unit="{record}",
    description="Records in sealed segments, by all processes that share the spool.",
    bounds=None,
    attributes=(OTEL_COMPONENT_TYPE, OTEL_COMPONENT_NAME),
)

METRIC_FORGESYTE_SPOOL_SIZE: Final = Instrument(
    name="forgesyte.spool.size",
    kind="gauge",
    unit="By",
    description="What the segments of the spool take on disk.",
    bounds=None,
    attributes=(OTEL_COMPONENT_TYPE, OTEL_COMPONENT_NAME),
)

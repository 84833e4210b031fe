"""Everything known about one job, as one tree of values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = ["DeviceDecision", "JobDetail", "LogEntry", "PluginRun", "RenderedFrame", "SpanNode"]


@dataclass(frozen=True, slots=True)
class PluginRun:
    """One execution of a plugin's tool; ``tool`` is None for a plugin that is its own only tool."""

    plugin: str
    tool: str | None
    success: bool
    duration_ms: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DeviceDecision:
    """Which device was asked for and which one did the work, by canonical name."""

    device_requested: str
    device_used: str
    fallback: bool
    plugin: str | None
    reason: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class RenderedFrame:
    """One overlay frame with its exact draw time."""

    frame_index: int
    render_time_ms: float
    dropped_frames: int
    fps: float | None
    rendered_at: datetime
    plugin: str | None
    device: str | None


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One log record or event written under the job."""

    time: datetime | None
    severity_text: str | None
    event_name: str | None
    body: str | None
    plugin: str | None
    error_type: str | None
    attributes: Mapping[str, Any]
    trace_id: str | None
    span_id: str | None


@dataclass(frozen=True, slots=True)
class SpanNode:
    """One span and the spans below it, in order of their start.

    ``trace_id`` and ``span_id`` are the 32 and 16 hexadecimal digits that OpenTelemetry shows;
    ``start_time`` is cut to microseconds, ``duration_ns`` is exact.
    """

    trace_id: str
    span_id: str
    name: str
    kind: str | None
    start_time: datetime
    duration_ns: int
    status_code: str | None
    status_message: str | None
    error_type: str | None
    plugin: str | None
    tool: str | None
    device: str | None
    attributes: Mapping[str, Any]
    children: tuple[SpanNode, ...] = ()


@dataclass(frozen=True, slots=True)
class JobDetail:
    """One job: its row, and what ran, was decided, drawn and logged under it.

    Times are naive UTC. ``duration_ms`` and ``completed_at`` are None until the job ends. ``spans``
    holds the roots: usually one, more when a parent was sampled out or has not ended yet.
    """

    job_id: str
    plugin: str
    device: str
    status: str
    duration_ms: int | None
    created_at: datetime
    completed_at: datetime | None
    error_message: str | None
    plugins: tuple[PluginRun, ...]
    devices: tuple[DeviceDecision, ...]
    frames: tuple[RenderedFrame, ...]
    spans: tuple[SpanNode, ...]
    logs: tuple[LogEntry, ...]

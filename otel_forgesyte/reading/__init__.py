"""Reading back what was recorded: :func:`open_reader`, its answers, and one job as a tree."""

from __future__ import annotations

from otel_forgesyte.reading.attachment import NoDatabase
from otel_forgesyte.reading.detail import (
    DeviceDecision,
    JobDetail,
    LogEntry,
    PluginRun,
    RenderedFrame,
    SpanNode,
)
from otel_forgesyte.reading.reader import NoSuchJob, Reader, open_reader
from otel_forgesyte.reading.server import QuestionRefused, ServerUnreachable, TokenRefused

__all__ = [
    "DeviceDecision",
    "JobDetail",
    "LogEntry",
    "NoDatabase",
    "NoSuchJob",
    "PluginRun",
    "QuestionRefused",
    "Reader",
    "RenderedFrame",
    "ServerUnreachable",
    "SpanNode",
    "TokenRefused",
    "open_reader",
]

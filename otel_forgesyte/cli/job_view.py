"""One job on one screen: how it ended, then plugins, devices, frames, spans and logs."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

from rich.text import Text

from otel_forgesyte.cli.cells import duration, moment
from otel_forgesyte.cli.printable import escaped, shortened
from otel_forgesyte.cli.waterfall import waterfall
from otel_forgesyte.semconv import EXCEPTION_MESSAGE, FORGESYTE_DEVICE_FALLBACK_REASON

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from otel_forgesyte.reading import JobDetail, LogEntry, PluginRun, RenderedFrame, SpanNode

__all__ = ["job_view"]

# Beyond these a screen shows how many are left; --json has them all.
_SPANS_SHOWN = 200
_LOGS_SHOWN = 50
_LONGEST_MESSAGE = 400
_WIDEST = 160

# What an event says beyond its name.
_TELLING_ATTRIBUTES = (EXCEPTION_MESSAGE, FORGESYTE_DEVICE_FALLBACK_REASON)

_STATUS_STYLE = {"done": "green", "error": "red", "running": "yellow", "queued": "yellow"}


def job_view(job: JobDetail) -> Text:
    """The whole job as text with colours; without a terminal the same characters, plain."""
    lines = [
        *_heading(job),
        *_section("Plugins", list(_plugin_lines(job.plugins))),
        *_section("Devices", list(_device_lines(job))),
        *_section("Frames", list(_frame_lines(job.frames))),
        *_section("Spans", list(_span_lines(job.spans))),
        *_section("Logs", list(_log_lines(job.logs))),
    ]
    return Text("\n").join(lines)


def _heading(job: JobDetail) -> Iterator[Text]:
    status = (escaped(job.status), _STATUS_STYLE.get(job.status, "bold"))
    took = f" in {duration(job.duration_ms / 1e3)}" if job.duration_ms is not None else ""
    yield Text.assemble(
        ("job ", "bold"), (escaped(job.job_id), "bold"), ": ", status, took,
        f" (plugin {escaped(job.plugin)}, device {escaped(job.device)})",
    )  # fmt: skip
    yield Text(f"  began {moment(job.created_at)}, ended {moment(job.completed_at)}", "dim")
    if job.error_message:
        yield Text(f"  {_message(job.error_message)}", "red")


def _section(title: str, lines: Sequence[Text]) -> Iterator[Text]:
    if lines:
        yield Text("")
        yield Text(title, "bold")
        yield from (Text("  ").append_text(line) for line in lines)


def _plugin_lines(runs: Sequence[PluginRun]) -> Iterator[Text]:
    names = [escaped(f"{run.plugin}.{run.tool}" if run.tool else run.plugin) for run in runs]
    width = max(map(len, names), default=0)
    for run, name in zip(runs, names, strict=True):
        outcome = ("ok    ", "green") if run.success else ("failed", "red")
        took = duration(run.duration_ms / 1e3)
        yield Text.assemble(outcome, f"  {name.ljust(width)}  {took}")


def _device_lines(job: JobDetail) -> Iterator[Text]:
    for decision in job.devices:
        asked, used = escaped(decision.device_requested), escaped(decision.device_used)
        by = f"{escaped(decision.plugin)}: " if decision.plugin else ""
        if decision.fallback:
            reason = f": {_message(decision.reason)}" if decision.reason else ""
            yield Text(f"{by}asked for {asked}, fell back to {used}{reason}", "yellow")
        else:
            yield Text(f"{by}asked for {asked}, ran on {used}")


def _frame_lines(frames: Sequence[RenderedFrame]) -> Iterator[Text]:
    if not frames:
        return
    mean_ms = sum(frame.render_time_ms for frame in frames) / len(frames)
    slowest = max(frames, key=lambda frame: frame.render_time_ms)
    dropped = sum(frame.dropped_frames for frame in frames)
    yield Text(
        f"{len(frames)} drawn, {dropped} dropped; {mean_ms:.1f} ms on average, "
        f"slowest {slowest.render_time_ms:.1f} ms (frame {slowest.frame_index})"
    )


def _span_lines(spans: Sequence[SpanNode]) -> Iterator[Text]:
    lines = waterfall(spans, _width(), ascii_only=not _shows_unicode())
    for line in lines[:_SPANS_SHOWN]:
        style = "red" if line.failed else "cyan"
        yield Text.assemble(f"{line.label}  ", (line.bar, style), f"  {line.duration}")
    if len(lines) > _SPANS_SHOWN:
        yield Text(f"… {len(lines) - _SPANS_SHOWN} more spans: --json gives all of them", "dim")


def _log_lines(logs: Sequence[LogEntry]) -> Iterator[Text]:
    for entry in logs[:_LOGS_SHOWN]:
        severity = entry.severity_text or "-"
        style = "red" if severity.startswith(("ERROR", "FATAL")) else ""
        yield Text.assemble(
            (moment(entry.time).removesuffix(" UTC"), "dim"), " ",
            (escaped(severity), style), f" {_log_text(entry)}",
        )  # fmt: skip
    if len(logs) > _LOGS_SHOWN:
        yield Text(f"… {len(logs) - _LOGS_SHOWN} more: --json gives all of them", "dim")


def _log_text(entry: LogEntry) -> str:
    details = (entry.attributes.get(name) for name in _TELLING_ATTRIBUTES)
    parts = (entry.event_name, entry.error_type, entry.body, *details)
    # The body often repeats the exception's message.
    return _message("  ".join(dict.fromkeys(str(part) for part in parts if part)))


def _message(text: str) -> str:
    return escaped(shortened(text, _LONGEST_MESSAGE))


def _width() -> int:
    """Columns for the waterfall, its indent taken off: the terminal's, or 100 in a pipe."""
    return min(shutil.get_terminal_size((100, 24)).columns, _WIDEST) - 2


def _shows_unicode() -> bool:
    encoding = (sys.stdout.encoding or "").lower()
    return encoding.startswith("utf") and os.environ.get("TERM") != "dumb"

"""``drain``: move what waits in the spool into the database, now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from otel_forgesyte.cli import output
from otel_forgesyte.cli.exits import ExitCode
from otel_forgesyte.cli.invocation import Invocation, answers_in_text
from otel_forgesyte.cli.progress import progress

if TYPE_CHECKING:
    from otel_forgesyte_duckdb import DrainReport, Settings

__all__ = ["register"]

Timeout = Annotated[
    float, typer.Option("--timeout", metavar="SECONDS", min=0, help="How long it may take.")
]


def register(app: typer.Typer) -> None:
    """Add this module's command to the application."""
    app.command("drain")(answers_in_text(drain))


def drain(invocation: Invocation, *, timeout: Timeout = 60.0) -> ExitCode:
    """Move what waits in the spool into the database; where another process does so, wait for it.

    Ends with 1 when lines had to be set aside as dead letters.
    """
    report = _drained(invocation.settings(), timeout)
    if invocation.as_json:
        output.json_document(report)
    else:
        output.line(
            f"{report.segments} segments, {report.lines} lines: {report.stored} stored, "
            f"{report.dead} set aside"
        )
    return ExitCode.FINDING if report.dead else ExitCode.OK


def _drained(settings: Settings, timeout_s: float) -> DrainReport:
    from otel_forgesyte_duckdb import drain
    from otel_forgesyte_duckdb.segments import list_segments

    waiting = len(list_segments(settings.spool))
    with progress("draining") as advance:
        return drain(
            settings,
            on_progress=lambda so_far: advance(
                so_far.segments, max(waiting, so_far.segments), f"{so_far.stored} stored"
            ),
            timeout_s=timeout_s,
        )

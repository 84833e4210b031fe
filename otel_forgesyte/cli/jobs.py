"""``jobs``: which jobs ran, which run, which are stuck, which failed and why."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from otel_forgesyte.cli import watching
from otel_forgesyte.cli.invocation import Invocation, answers_in_rows
from otel_forgesyte.cli.timespan import parse_timespan

if TYPE_CHECKING:
    from collections.abc import Callable

    from duckdb import DuckDBPyRelation as Relation

    from otel_forgesyte.reading import Reader

Running = Annotated[
    bool, typer.Option("--running", help="Jobs that have not ended, the oldest first.")
]
OlderThan = Annotated[
    timedelta | None,
    typer.Option(
        "--older-than",
        metavar="TIME",
        parser=parse_timespan,
        help="With --running: only those begun longer ago than this (90s, 10m, 2h, 1d).",
    ),
]
Latest = Annotated[
    int | None,
    typer.Option("--latest", "-n", metavar="N", min=1, help="The N jobs begun last, one a row."),
]
Failed = Annotated[bool, typer.Option("--failed", help="Only jobs that failed, and why.")]
Watch = Annotated[bool, typer.Option("--watch", "-w", help="Repeat until Ctrl-C.")]
Every = Annotated[
    float, typer.Option("--every", metavar="SECONDS", min=0.1, help="With --watch: how often.")
]
Spool = Annotated[
    bool, typer.Option("--spool", help="Include what still waits in the spool (slower).")
]

_LATEST = 20
_FAILED_COLUMNS = "job_id, plugin, created_at, duration_ms, error_message"


def register(app: typer.Typer) -> None:
    """Add this module's command to the application."""
    app.command("jobs")(answers_in_rows(jobs))


def jobs(  # noqa: PLR0913 - one parameter an option is how Typer reads them
    invocation: Invocation,
    *,
    running: Running = False,
    older_than: OlderThan = None,
    latest: Latest = None,
    failed: Failed = False,
    watch: Watch = False,
    every: Every = 2.0,
    spool: Spool = False,
) -> None:
    """Count jobs by plugin and status; or list them: --running, --latest N, --failed."""
    if running and (failed or latest is not None):
        raise typer.BadParameter("--running lists jobs that have not ended; use it alone")
    if older_than is not None and not running:
        raise typer.BadParameter("--older-than needs --running")

    title, ask = _question(running=running, older_than=older_than, latest=latest, failed=failed)
    with invocation.reader(include_spool=spool) as reader:
        if watch:
            watching.repeat(lambda: invocation.answer(ask(reader), title=title), every)
        else:
            invocation.answer(ask(reader), title=title)


def _question(
    *, running: bool, older_than: timedelta | None, latest: int | None, failed: bool
) -> tuple[str, Callable[[Reader], Relation]]:
    """What was asked, as a title and a call."""
    if running:
        return "Running jobs", lambda reader: reader.running_jobs(older_than)
    if failed:
        # Fewer columns leave a narrow terminal room for the reason, which is the answer here.
        return "Failed jobs", lambda reader: reader.recent_jobs(
            latest or _LATEST, status="error"
        ).project(_FAILED_COLUMNS)
    if latest is not None:
        return "Latest jobs", lambda reader: reader.recent_jobs(latest)
    return "Jobs", lambda reader: reader.job_summary()

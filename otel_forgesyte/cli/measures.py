"""``plugins``, ``devices`` and ``overlay``: how long, on what, and how smoothly."""

from __future__ import annotations

from typing import Annotated

import typer

from otel_forgesyte.cli.completion import job_ids
from otel_forgesyte.cli.invocation import Invocation, answers_in_rows
from otel_forgesyte.cli.jobs import Spool  # noqa: TC001 - Typer reads the annotations

__all__ = ["register"]

JobId = Annotated[
    str, typer.Argument(metavar="JOB_ID", help="The job's id.", autocompletion=job_ids)
]


def register(app: typer.Typer) -> None:
    """Add this module's commands to the application."""
    app.command("plugins")(answers_in_rows(plugins))
    app.command("devices")(answers_in_rows(devices))
    app.command("overlay")(answers_in_rows(overlay))


def plugins(invocation: Invocation, *, spool: Spool = False) -> None:
    """How long each plugin and tool takes: average and percentiles."""
    with invocation.reader(include_spool=spool) as reader:
        invocation.answer(reader.avg_plugin_duration(), title="Plugin durations")


def devices(invocation: Invocation, *, spool: Spool = False) -> None:
    """Which devices were asked for, which were used, and how often they differed."""
    with invocation.reader(include_spool=spool) as reader:
        invocation.answer(reader.device_usage_stats(), title="Device usage")


def overlay(invocation: Invocation, job_id: JobId, *, spool: Spool = False) -> None:
    """The rendered frames of one job, in order."""
    with invocation.reader(include_spool=spool) as reader:
        invocation.answer(reader.overlay_performance(job_id), title=f"Frames of {job_id}")

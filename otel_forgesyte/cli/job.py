"""``job ID``: everything about one job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otel_forgesyte.cli import output
from otel_forgesyte.cli.invocation import Invocation, answers_in_text
from otel_forgesyte.cli.jobs import Spool  # noqa: TC001 - Typer reads the annotations
from otel_forgesyte.cli.measures import JobId  # noqa: TC001 - Typer reads the annotations

if TYPE_CHECKING:
    import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add this module's command to the application."""
    app.command("job")(answers_in_text(job))


def job(invocation: Invocation, job_id: JobId, *, spool: Spool = False) -> None:
    """One job: how it ended, its plugins, devices and frames, its spans over time, its logs."""
    with invocation.reader(include_spool=spool) as reader:
        detail = reader.job(job_id)
    if invocation.as_json:
        output.json_document(detail)
        return
    from otel_forgesyte.cli.job_view import job_view

    output.say(job_view(detail))

"""``demo``: a real pipeline over real pictures, recorded and then shown."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Annotated

import typer

from otel_forgesyte.cli import output
from otel_forgesyte.cli.cells import duration
from otel_forgesyte.cli.exits import ExitCode
from otel_forgesyte.cli.failures import CommandFailed
from otel_forgesyte.cli.invocation import Invocation, answers_in_text
from otel_forgesyte.cli.progress import progress

if TYPE_CHECKING:
    from otel_forgesyte.demo import DemoReport

__all__ = ["register"]

Port = Annotated[
    int,
    typer.Option(
        "--port", "-p", min=0, max=65535,
        help="Serve /metrics here while it runs; 0 takes any free port.",
    ),
]  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add this module's command to the application."""
    app.command("demo")(answers_in_text(demo))


def demo(invocation: Invocation, *, port: Port = 0) -> None:
    """Run a real vision pipeline over real pictures and show what was recorded (half a minute)."""
    chosen = port or _free_port()
    output.note(f"serving http://127.0.0.1:{chosen}/metrics while the demo runs")
    report = _run(invocation.settings().database, chosen)
    if invocation.as_json:
        output.json_document(_summary(report))
        return
    for text in _lines(report):
        output.line(text)


def _run(database: str, port: int) -> DemoReport:
    from otel_forgesyte.demo import DemoUnavailable, run_demo

    try:
        with progress("demo") as advance:
            return run_demo(database, port, advance)
    except DemoUnavailable as error:
        raise CommandFailed(str(error), ExitCode.NOT_INSTALLED) from error


def _free_port() -> int:
    """A port nobody listens on now: chosen here so that its address can be told before the run."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _summary(report: DemoReport) -> dict[str, object]:
    """The run in figures; its jobs by id, as ``job ID`` gives the rest."""
    return {
        "database": report.database,
        "seconds": report.seconds,
        "jobs": [job.job_id for job in report.jobs],
        "rows": dict(report.rows),
        "statuses": dict(report.statuses),
        "errors": report.errors,
        "fallback_reasons": report.fallback_reasons,
        "scrape_url": report.scrape_url,
        "metric_families": report.metric_families,
        "next_commands": report.next_commands,
    }


def _lines(report: DemoReport) -> list[str]:
    """What a person wants to know of the run, and what to type next."""
    rows = ", ".join(f"{table} {count}" for table, count in report.rows.items())
    statuses = ", ".join(f"{count} {status}" for status, count in sorted(report.statuses.items()))
    lines = [
        f"{len(report.jobs)} jobs in {duration(report.seconds)}: {statuses}",
        f"rows in {report.database}: {rows}",
        *(f"failed: {error}" for error in report.errors),
        *(f"fell back: {reason}" for reason in report.fallback_reasons),
    ]
    if report.scrape_url:
        count = len(report.metric_families)
        lines.append(f"served {count} metric families at {report.scrape_url} while it ran")
    return [*lines, "next:", *(f"  {command}" for command in report.next_commands)]

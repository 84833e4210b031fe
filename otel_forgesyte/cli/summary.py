"""``summary``: runs, errors and durations by hour or day, however old."""

from __future__ import annotations

import datetime as dt
from enum import Enum
from typing import Annotated

import typer

from otel_forgesyte.cli.invocation import Invocation, answers_in_rows
from otel_forgesyte.cli.timespan import parse_timespan

__all__ = ["register"]


class Period(str, Enum):
    """What one row covers."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


Per = Annotated[Period, typer.Option("--per", help="What one row covers.")]
Last = Annotated[
    str | None, typer.Option("--last", metavar="TIME", help="Only the last 12h, 7d; else all.")
]


def register(app: typer.Typer) -> None:
    """Add this module's command to the application."""
    app.command("summary")(answers_in_rows(summary))


def summary(invocation: Invocation, *, per: Per = Period.HOUR, last: Last = None) -> None:
    """Runs, error rate, average, p50, p95 and p99 (within 1 %), also of rows deleted since."""
    now = dt.datetime.now(dt.timezone.utc).replace(tzinfo=None)
    since = None if last is None else now - parse_timespan(last)
    with invocation.reader() as reader:
        invocation.answer(reader.summary(per.value, since), title=f"Runs per {per.value}")

"""``sql``: any question, in SQL."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from otel_forgesyte.cli.exits import ExitCode
from otel_forgesyte.cli.failures import CommandFailed
from otel_forgesyte.cli.invocation import Invocation, answers_in_rows
from otel_forgesyte.cli.jobs import Spool  # noqa: TC001 - Typer reads the annotations

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation as Relation

    from otel_forgesyte.reading import Reader

__all__ = ["register"]

Sql = Annotated[
    str, typer.Argument(metavar="SQL", help="The query; - reads it from standard input.")
]


def register(app: typer.Typer) -> None:
    """Add this module's command to the application."""
    app.command("sql")(answers_in_rows(sql))


def sql(invocation: Invocation, query: Sql, *, spool: Spool = False) -> None:
    """Run SQL over the database, read-only.

    The four tables are job_metrics, plugin_metrics, overlay_metrics and device_usage; the
    OpenTelemetry records are otel.spans, otel.logs, otel.metric_points and otel.resources.
    """
    text = sys.stdin.read() if query == "-" else query
    with invocation.reader(include_spool=spool) as reader:
        invocation.answer(_asked(reader, text))


def _asked(reader: Reader, text: str) -> Relation:
    """The answer; a mistake in the SQL is the caller's, not the database's."""
    import duckdb

    try:
        return reader.sql(text)
    except (duckdb.ProgrammingError, duckdb.DataError, duckdb.NotSupportedError) as error:
        raise CommandFailed(f"the query was refused: {error}", ExitCode.USAGE) from error

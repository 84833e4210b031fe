"""``schema``: create the tables, compare them with the canonical ones, show them, upgrade them."""

from __future__ import annotations

from importlib.metadata import version
from itertools import count
from typing import TYPE_CHECKING, Annotated

import typer

from otel_forgesyte.cli import output
from otel_forgesyte.cli.exits import ExitCode
from otel_forgesyte.cli.failures import CommandFailed
from otel_forgesyte.cli.invocation import Invocation, answers_in_text
from otel_forgesyte.cli.progress import progress
from otel_forgesyte.reading.attachment import NoDatabase

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from otel_forgesyte_duckdb import Settings
    from otel_forgesyte_schema import Drift, MigrationReport, SqlFile

__all__ = ["register"]

File = Annotated[
    str | None,
    typer.Argument(
        metavar="[DATABASE]", help="The DuckDB file, as --database.", show_default=False
    ),
]
Name = Annotated[
    str | None,
    typer.Argument(metavar="[NAME]", help="Only this table or view.", show_default=False),
]

_PATIENCE_S = 10.0


def register(app: typer.Typer) -> None:
    """Add the group of commands to the application."""
    group = typer.Typer(help="The database schema: apply, check, show, migrate.")
    group.command("apply")(answers_in_text(apply))
    group.command("check")(answers_in_text(check))
    group.command("show")(answers_in_text(show))
    group.command("migrate")(answers_in_text(migrate))
    app.add_typer(group, name="schema")


def apply(invocation: Invocation, file: File = None) -> None:
    """Create the tables and views the database lacks; data stays. Harmless when repeated.

    A table of our name with other columns is not touched: the command says so and ends with 3.
    """
    from otel_forgesyte_schema import SCHEMA_VERSION
    from otel_forgesyte_schema import apply as apply_schema

    settings = _settings(invocation, file)
    path = settings.target
    with _writing(settings) as connection:
        apply_schema(connection, version("otel-forgesyte"), thorough=True)
    if invocation.as_json:
        output.json_document({"database": str(path), "schema_version": SCHEMA_VERSION})
    else:
        output.line(f"{path} has schema version {SCHEMA_VERSION}")


def check(invocation: Invocation, file: File = None) -> ExitCode:
    """Compare a live database with the canonical schema, and name each difference.

    Ends with 1 when there is one.
    """
    from otel_forgesyte_schema import SCHEMA_VERSION

    settings = _settings(invocation, file)
    path = settings.target
    differences = _differences(settings)
    if invocation.as_json:
        output.json_document(differences)
    elif differences:
        columns = ("kind", "object", "detail")
        output.rows(columns, [(each.kind, each.object, each.detail) for each in differences])
    else:
        output.line(f"{path} equals schema version {SCHEMA_VERSION}")
    return ExitCode.FINDING if differences else ExitCode.OK


def show(invocation: Invocation, name: Name = None) -> None:
    """Print the canonical SQL of every table and view, with the reasons beside the columns."""
    found = [file for file in _canonical() if name in {None, file.name}]
    if not found:
        names = ", ".join(file.name for file in _canonical())
        raise CommandFailed(f"no table or view {name!r}; there are {names}", ExitCode.USAGE)
    if invocation.as_json:
        output.json_document(found)
        return
    for file in found:
        output.block(file.sql)


def migrate(invocation: Invocation, file: File = None) -> None:
    """Bring a database of an older version up to this one, after a backup copy beside the file."""
    path = _settings(invocation, file).database_path
    if not path.exists():
        raise NoDatabase(f"there is no database at {path}: nothing to migrate")
    report = _migrated(path)
    if invocation.as_json:
        output.json_document(report)
    elif report.from_version == report.to_version:
        output.line(f"{path} has schema version {report.to_version} already")
    else:
        output.line(
            f"{path} went from schema version {report.from_version} to {report.to_version}; "
            f"the copy from before is {report.backup}"
        )


def _migrated(path: Path) -> MigrationReport:
    from otel_forgesyte_duckdb import writing
    from otel_forgesyte_schema import migrate as migrate_schema

    steps = count()
    with writing(path, timeout_s=_PATIENCE_S) as connection, progress("migrating") as advance:
        return migrate_schema(
            connection,
            version("otel-forgesyte"),
            on_progress=lambda step: advance(next(steps), 0, step),
        )


def _settings(invocation: Invocation, argument: str | None) -> Settings:
    """The database given after the command, else the one of --database and the settings."""
    if argument is None:
        return invocation.settings()
    return Invocation(database=argument).settings()


def _writing(settings: Settings) -> AbstractContextManager[DuckDBPyConnection]:
    from otel_forgesyte_duckdb import writing
    from otel_forgesyte_duckdb.destinations import destination_of

    if settings.lake is None:  # with more patience than a drainer, which tries again, has
        return writing(settings.database_path, timeout_s=_PATIENCE_S)
    return destination_of(settings).writing()


def _canonical() -> Sequence[SqlFile]:
    from otel_forgesyte_schema.order import TABLES, VIEWS
    from otel_forgesyte_schema.sqlfiles import sql_files

    return (*sql_files("tables", TABLES), *sql_files("views", VIEWS))


def _differences(settings: Settings) -> list[Drift]:
    from otel_forgesyte.reading.attachment import target_attached
    from otel_forgesyte_schema import drift

    with target_attached(settings, _PATIENCE_S) as connection:
        return list(drift(connection))

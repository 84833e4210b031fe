"""``prune``, ``compact``, ``backup``: what goes when, how long the file is, and a safe copy."""

from __future__ import annotations

import contextlib
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from otel_forgesyte.cli import output
from otel_forgesyte.cli.exits import ExitCode
from otel_forgesyte.cli.failures import CommandFailed
from otel_forgesyte.cli.invocation import Invocation, answers_in_text
from otel_forgesyte.cli.progress import progress

if TYPE_CHECKING:
    from collections.abc import Generator

    from duckdb import DuckDBPyConnection

    from otel_forgesyte_duckdb import Settings
    from otel_forgesyte_duckdb.pruning import Plan, Pruned

__all__ = ["register"]

OlderThan = Annotated[
    str | None,
    typer.Option(metavar="AGE", help="Rows older than 12h, 30d, 8w; else what is configured."),
]
Table = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help="Only this table; may be repeated.")
]
MaxBytes = Annotated[
    str | None,
    typer.Option(metavar="SIZE", help="Then the oldest records, until less than this is in use."),
]
ArchiveTo = Annotated[
    str | None, typer.Option("--archive", metavar="FOLDER", help="Write rows to Parquet first.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Delete nothing; say what would go.")]
Forget = Annotated[
    bool, typer.Option("--forget-missing", help="Do without archive files that are not there.")
]
Destination = Annotated[Path, typer.Argument(metavar="FILE", help="The copy to make.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the file that is there.")]

_PATIENCE_S = 10.0
_OF_LAKES = {
    "prune": "let OTEL_EXPORTER_DUCKDB_RETENTION say on its machines what may go",
    "compact": "`otel-forgesyte maintain` merges its files",
    "back up": "back up its catalog (pg_dump), then its data path",
}


def register(app: typer.Typer) -> None:
    """Add this module's commands to the application."""
    app.command("prune")(answers_in_text(prune))
    app.command("compact")(answers_in_text(compact))
    app.command("backup")(answers_in_text(backup))


def prune(  # noqa: PLR0913 - the command line's options
    invocation: Invocation,
    *,
    older_than: OlderThan = None,
    table: Table = None,
    max_bytes: MaxBytes = None,
    archive: ArchiveTo = None,
    dry_run: DryRun = False,
    forget_missing: Forget = False,
) -> None:
    """Delete old rows, beside applications that record; their minute-by-minute summaries stay.

    Without options: what OTEL_EXPORTER_DUCKDB_RETENTION and _MAX_BYTES say.
    """
    if table and max_bytes:
        raise CommandFailed("--max-bytes looks at all tables: leave --table out", ExitCode.USAGE)
    settings = _settings(invocation, older_than, max_bytes, archive)
    _require(settings, "prune")
    plan = _plan(settings, older_than, table)
    if not (plan.until or plan.max_bytes or forget_missing):
        what = "nothing may go: give --older-than or --max-bytes, or set the retention"
        raise CommandFailed(what, ExitCode.USAGE)
    if forget_missing:
        _forget_missing(settings, dry_run=dry_run)
    pruned = _would_prune(settings, plan) if dry_run else _prune(settings, plan)
    if invocation.as_json:
        output.json_document(pruned)
    else:
        output.rows(("table", "rows", "bytes"), [(p.table, p.rows, p.bytes) for p in pruned])


def compact(invocation: Invocation) -> None:
    """Write the file anew without the room that deleted rows left; records wait in the spool."""
    from otel_forgesyte_duckdb.compacting import compact as write_anew

    settings = invocation.settings()
    _require(settings, "compact")
    compacted = write_anew(settings)
    if invocation.as_json:
        output.json_document(compacted)
    else:
        output.line(
            f"{settings.database_path} went from {compacted.bytes_before} to "
            f"{compacted.bytes_after} bytes"
        )


def backup(
    invocation: Invocation, destination: Destination, *, overwrite: Overwrite = False
) -> None:
    """Copy the database while applications record; to restore it, use the copy as the database."""
    from otel_forgesyte_duckdb.backing_up import back_up

    settings = invocation.settings()
    _require(settings, "back up")
    folder = destination.absolute().parent
    if not folder.is_dir():
        raise CommandFailed(f"there is no folder {folder}: make it first", ExitCode.DATABASE)
    size = back_up(settings, destination, overwrite=overwrite)
    if invocation.as_json:
        output.json_document({"backup": str(destination.absolute()), "bytes": size})
    else:
        output.line(f"{destination.absolute()}: {size} bytes, compared with the original")


def _settings(
    invocation: Invocation, older_than: str | None, max_bytes: str | None, archive: str | None
) -> Settings:
    from otel_forgesyte_duckdb import Settings

    given: dict[str, Any] = {
        "database": invocation.database,
        "retention": older_than,
        "max_bytes": max_bytes,
        "archive_directory": archive,
    }
    return Settings.resolve(**given)


def _require(settings: Settings, verb: str) -> None:
    if settings.lake is not None:
        what = f"{settings.target} is a lake, and this is for a database file: {_OF_LAKES[verb]}"
        raise CommandFailed(what, ExitCode.USAGE)
    if not settings.database_path.is_file():
        what = f"there is no database at {settings.database_path}: nothing to {verb}"
        raise CommandFailed(what, ExitCode.DATABASE)


def _plan(settings: Settings, older_than: str | None, tables: list[str] | None) -> Plan:
    from otel_forgesyte_duckdb.pruning import Plan, plan_of
    from otel_forgesyte_duckdb.retention import TABLE_NAMES, parse_age

    unknown = sorted(set(tables or ()) - set(TABLE_NAMES))
    if unknown:
        what = f"no table {unknown[0]!r}; there are {', '.join(TABLE_NAMES)}"
        raise CommandFailed(what, ExitCode.USAGE)
    now = dt.datetime.now(dt.timezone.utc).replace(tzinfo=None)
    plan = plan_of(settings, now)
    if older_than and "=" not in older_than:  # asked for now: to the minute, not by whole days
        plan = Plan(dict.fromkeys(TABLE_NAMES, now - parse_age(older_than)), plan.max_bytes)
    if tables:
        plan = Plan({name: plan.until[name] for name in tables if name in plan.until})
    return plan


def _prune(settings: Settings, plan: Plan) -> list[Pruned]:
    from otel_forgesyte_duckdb.pruning import prune as delete_old

    with progress("pruning") as advance:
        return delete_old(
            settings, plan, on_progress=lambda so_far: advance(so_far.rows, 0, so_far.table)
        )


def _would_prune(settings: Settings, plan: Plan) -> list[Pruned]:
    from otel_forgesyte_duckdb.pruning import would_prune

    if plan.max_bytes:
        output.note("what goes for its size shows only as it goes: not counted here")
    with _attached(settings) as connection:
        return would_prune(connection, plan)


def _forget_missing(settings: Settings, *, dry_run: bool) -> None:
    from otel_forgesyte_duckdb import writing
    from otel_forgesyte_schema.archives import forget_missing_archives, missing_archives
    from otel_forgesyte_schema.creating import transaction

    # Looked at first: a database of another version is refused untouched.
    with _attached(settings) as connection:
        missing = missing_archives(connection)
    if missing and not dry_run:
        with writing(settings.database_path, _PATIENCE_S) as connection, transaction(connection):
            missing = forget_missing_archives(connection)
    for file in missing:
        output.note(f"{'would forget' if dry_run else 'forgot'} {file.path}")


@contextlib.contextmanager
def _attached(settings: Settings) -> Generator[DuckDBPyConnection]:
    from otel_forgesyte.reading.attachment import attached
    from otel_forgesyte.reading.versions import readable_version

    with attached(settings.database_path, _PATIENCE_S) as connection:
        readable_version(connection, settings.database_path)
        yield connection

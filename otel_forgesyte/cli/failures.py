"""One line on standard error for whatever stops a command: what, where, and what to do."""

from __future__ import annotations

import sys
import traceback
from contextvars import ContextVar
from typing import TYPE_CHECKING

import typer

from otel_forgesyte.cli.exits import ExitCode
from otel_forgesyte.cli.printable import escaped, shortened
from otel_forgesyte_schema.errors import ConfigError, TelemetryError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CommandFailed", "complain", "run_reporting", "show_tracebacks"]

_LONGEST_MESSAGE = 2000
_tracebacks: ContextVar[bool] = ContextVar("tracebacks", default=False)


class CommandFailed(TelemetryError):  # noqa: N818 - reads as the fact it states
    """A command cannot do its work; carries the exit code that tells a script why."""

    def __init__(self, message: str, code: ExitCode) -> None:
        super().__init__(message)
        self.code = code


def show_tracebacks(wanted: bool) -> None:  # noqa: FBT001 - a setter of one switch
    """Print the traceback above the one line, for the rest of this command."""
    _tracebacks.set(wanted)


def complain(message: str) -> None:
    """Write one escaped line to standard error."""
    flat = " ".join(message.split())
    typer.echo(f"otel-forgesyte: {shortened(escaped(flat), _LONGEST_MESSAGE)}", err=True)


def run_reporting(command: Callable[[], object]) -> int:
    """Run a whole command line and return its exit code; no exception gets past.

    Commands return an :class:`ExitCode` or None.
    """
    try:
        result = command()
    except Exception as error:  # noqa: BLE001 - the outermost frame: every defect becomes one line
        return _reported(error)
    return result if isinstance(result, int) else ExitCode.OK


def _reported(error: Exception) -> ExitCode:
    if _tracebacks.get():
        traceback.print_exception(error, file=sys.stderr)
    message, code = _explained(error)
    complain(message)
    return code


def _explained(error: Exception) -> tuple[str, ExitCode]:
    if isinstance(error, TelemetryError):
        return str(error), _own_code(error)
    if (usage := _usage_message(error)) is not None:
        return usage, ExitCode.USAGE
    if _is_database_error(error):
        return f"the database cannot be read: {error}", ExitCode.DATABASE
    if isinstance(error, OSError):
        return _os_message(error), ExitCode.DATABASE
    what = f"internal error: {type(error).__name__}: {error}"
    return f"{what}; please report it with the output of --traceback", ExitCode.INTERNAL


def _own_code(error: TelemetryError) -> ExitCode:
    if isinstance(error, CommandFailed):
        return error.code
    if isinstance(error, ConfigError):
        return ExitCode.USAGE
    # No such job: the database could be read and does not hold what was asked for.
    return ExitCode.FINDING if isinstance(error, LookupError) else ExitCode.DATABASE


def _usage_message(error: Exception) -> str | None:
    """What the parser says of a wrong command line.

    Typer carried click as a dependency and later inside itself, so its parser's errors have no
    stable import path: they are known by what every version gives them.
    """
    format_message = getattr(error, "format_message", None)
    if format_message is None:
        return None
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "otel-forgesyte"
    return f"{str(format_message()).rstrip('.')} (see '{command} --help')"


def _is_database_error(error: Exception) -> bool:
    """Whether DuckDB raised it; asks only when DuckDB was loaded, to keep start-up fast."""
    duckdb = sys.modules.get("duckdb")
    return duckdb is not None and isinstance(error, duckdb.Error)


def _os_message(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}"

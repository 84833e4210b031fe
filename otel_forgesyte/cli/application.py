"""The command line as a whole: its commands, its shared options, and how it ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence  # noqa: TC003 - Typer reads the annotations
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from otel_forgesyte.cli import (
    dead,
    demo,
    drain,
    health,
    job,
    jobs,
    keeping,
    maintain,
    measures,
    monitoring,
    query,
    schema,
    serve,
    summary,
)
from otel_forgesyte.cli.exits import ExitCode, exit_code_help
from otel_forgesyte.cli.failures import run_reporting, show_tracebacks
from otel_forgesyte.cli.invocation import Database, Invocation, Json

__all__ = ["app", "main"]


class Commands(TyperGroup):
    """The root command: turns every failure into one line and an exit code."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001, FBT002
        windows_expand_args: bool = True,  # noqa: FBT001, FBT002
        **extra: Any,
    ) -> Any:
        """Run one command line; exits the process unless ``standalone_mode`` is off."""
        run = super().main
        code = run_reporting(
            lambda: run(args, prog_name, complete_var, False, windows_expand_args, **extra)  # noqa: FBT003
        )
        if standalone_mode:
            sys.exit(code)
        return code

    def invoke(self, ctx: Any) -> Any:
        """Run the command; a pipe closed early (``| head``) and Ctrl-C end it quietly."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            _discard_the_rest()
            return ExitCode.OK
        except KeyboardInterrupt:
            return ExitCode.INTERRUPTED
        return result


def _discard_the_rest() -> None:
    """Give standard output somewhere to go, or the interpreter complains while it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


app = typer.Typer(
    name="otel-forgesyte",
    cls=Commands,
    help="Jobs, plugins, devices and overlays as they really ran, read from one DuckDB file.",
    epilog=exit_code_help(),
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - Typer calls it with the flag
    if wanted:
        from importlib.metadata import version

        typer.echo(f"otel-forgesyte {version('otel-forgesyte')}")
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
]
Traceback = Annotated[
    bool,
    typer.Option(
        "--traceback",
        envvar="OTEL_FORGESYTE_TRACEBACK",
        help="On a failure, show where in the code it came from.",
    ),
]


@app.callback()
def options(
    ctx: typer.Context,
    *,
    database: Database = None,
    as_json: Json = False,
    traceback: Traceback = False,
    version: Version = False,  # noqa: ARG001 - its callback does the work
) -> None:
    """Jobs, plugins, devices and overlays as they really ran, read from one DuckDB file."""
    show_tracebacks(traceback)
    ctx.obj = Invocation(database=database, as_json=as_json)


_READING = (jobs, job, measures, summary, query)
_KEEPING = (schema, drain, dead, keeping, maintain, serve, monitoring, health, demo)

for part in (*_READING, *_KEEPING):
    part.register(app)


def main() -> None:
    """The console script ``otel-forgesyte``."""
    app(prog_name="otel-forgesyte")

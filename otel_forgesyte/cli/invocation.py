"""The options every command shares, declared once, and what they do to its answer.

Every command takes ``--database`` and ``--json``, before its name or after it; a command whose
answer is a table takes ``--csv`` and ``--parquet`` too. Declared here once and added to each
command's signature, because that is what Typer reads.
"""

from __future__ import annotations

import functools
import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, ParamSpec, TypeVar, cast

import typer

from otel_forgesyte.cli import output
from otel_forgesyte.cli.exits import ExitCode
from otel_forgesyte.cli.failures import CommandFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from duckdb import DuckDBPyRelation as Relation

    from otel_forgesyte.reading import Reader
    from otel_forgesyte_duckdb import Settings

__all__ = ["Database", "Invocation", "Json", "answers_in_rows", "answers_in_text"]

P = ParamSpec("P")
R = TypeVar("R")

Database = Annotated[
    str | None,
    typer.Option(
        "--database",
        "-d",
        metavar="FILE",
        help="The DuckDB file, or quack:HOST:PORT of a server; else OTEL_EXPORTER_DUCKDB_DATABASE, "
        "else telemetry.duckdb.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
Csv = Annotated[
    Path | None, typer.Option("--csv", metavar="FILE", help="Write the rows to a CSV file.")
]
Parquet = Annotated[
    Path | None, typer.Option("--parquet", metavar="FILE", help="Write the rows to a Parquet file.")
]

_TEXT_OPTIONS: dict[str, tuple[Any, object]] = {
    "database": (Database, None),
    "as_json": (Json, False),
}
_ROW_OPTIONS: dict[str, tuple[Any, object]] = {
    **_TEXT_OPTIONS,
    "csv": (Csv, None),
    "parquet": (Parquet, None),
}


@dataclass(frozen=True, slots=True)
class Invocation:
    """Which database one command reads and how it answers."""

    database: str | None = None
    as_json: bool = False
    csv: Path | None = None
    parquet: Path | None = None

    def over(self, outer: Invocation | None) -> Invocation:
        """These options, and the ones given before the command's name where these are absent."""
        if outer is None:
            return self
        return Invocation(
            database=self.database or outer.database,
            as_json=self.as_json or outer.as_json,
            csv=self.csv,
            parquet=self.parquet,
        )

    def settings(self) -> Settings:
        """The exporter's settings: this command line, then the environment, then the defaults.

        Raises:
            ConfigError: a setting in the environment is wrong.
        """
        from otel_forgesyte_duckdb import Settings

        return Settings.resolve(**({"database": self.database} if self.database else {}))

    def reader(self, *, include_spool: bool = False) -> Reader:
        """A reader of the chosen database."""
        from otel_forgesyte.reading import open_reader

        return open_reader(self.database, include_spool=include_spool)

    def answer(self, relation: Relation, *, title: str | None = None) -> None:
        """Give the rows where they were asked for: files, JSON, a terminal's table, or a pipe."""
        wrote = self._write_files(relation)
        if wrote and not self.as_json:
            return
        from otel_forgesyte.cli.rows import column_names, values

        columns, rows = column_names(relation), values(relation)
        if self.as_json:
            output.json_rows(columns, rows)
        elif output.is_terminal():
            output.table(columns, rows, title=title)
        else:
            output.plain_rows(columns, rows)

    def _write_files(self, relation: Relation) -> bool:
        if self.csv is not None:
            _written(self.csv, lambda path: relation.write_csv(path, header=True))
        if self.parquet is not None:
            _written(self.parquet, relation.write_parquet)
        return self.csv is not None or self.parquet is not None


def answers_in_text(function: Callable[Concatenate[Invocation, P], R]) -> Callable[..., R]:
    """Give a command ``--database`` and ``--json``; it receives them as its first argument."""
    return _with_options(function, _TEXT_OPTIONS)


def answers_in_rows(function: Callable[Concatenate[Invocation, P], R]) -> Callable[..., R]:
    """Give a command ``--database``, ``--json``, ``--csv`` and ``--parquet``."""
    return _with_options(function, _ROW_OPTIONS)


def _written(path: Path, write: Callable[[str], object]) -> None:
    import duckdb

    try:
        write(str(path))
    except duckdb.Error as error:
        raise CommandFailed(f"cannot write {path}: {error}", ExitCode.USAGE) from error
    output.note(f"wrote {path}")


def _with_options(
    function: Callable[Concatenate[Invocation, P], R],
    options: Mapping[str, tuple[Any, object]],
) -> Callable[..., R]:
    # What Typer passes is what _own_parameters declared; a checker cannot know.
    call = cast("Callable[..., R]", function)

    @functools.wraps(function)
    def command(ctx: typer.Context, **given: Any) -> R:
        chosen = Invocation(**{name: given.pop(name) for name in options})
        return call(chosen.over(ctx.obj), **given)

    del command.__wrapped__  # Typer would follow it to the signature without the shared options
    parameters = [_keyword("ctx", typer.Context), *_own_parameters(function)]
    parameters += [_keyword(name, kind, default) for name, (kind, default) in options.items()]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    return command


def _own_parameters(function: Callable[..., object]) -> list[inspect.Parameter]:
    """The command's own parameters: all but the invocation, as keywords."""
    parameters = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    return [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in parameters]


def _keyword(
    name: str, annotation: Any, default: object = inspect.Parameter.empty
) -> inspect.Parameter:
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, default=default, annotation=annotation)

"""Where an answer goes: a table on a terminal, tab-separated text in a pipe, JSON, or a file.

The only module that writes to standard output. Rich is imported when a table is drawn, so that
``--json`` and pipes do not wait for it.
"""

from __future__ import annotations

import sys
from itertools import islice
from typing import TYPE_CHECKING, Any

import typer

from otel_forgesyte.cli.cells import json_text, plain_cell, table_cell
from otel_forgesyte.cli.printable import escaped

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text

__all__ = [
    "block",
    "clear",
    "flush",
    "is_terminal",
    "json_document",
    "json_rows",
    "line",
    "note",
    "pairs",
    "plain_rows",
    "rows",
    "say",
    "section",
    "table",
]

# A terminal shows no more rows than a person scrolls back over; files and pipes get all of them.
TERMINAL_ROWS = 200
_NEVER_CUT = 40


def is_terminal() -> bool:
    """Whether a person is looking at standard output."""
    return sys.stdout.isatty()


def console(*, stderr: bool = False) -> Console:
    """A console that never interprets what it shows: no markup, no emoji, no highlighting."""
    from rich.console import Console

    class PlainFailure(Console):
        def on_broken_pipe(self) -> None:
            """Let the outermost frame decide; Rich itself would exit with code 1."""
            raise BrokenPipeError

    return PlainFailure(stderr=stderr, markup=False, emoji=False, highlight=False)


def say(renderable: RenderableType) -> None:
    """Show something Rich renders, on standard output."""
    console().print(renderable, soft_wrap=not is_terminal())


def clear() -> None:
    """Wipe the terminal; nothing in a pipe."""
    console().clear()


def flush() -> None:
    """Hand what was said to whoever reads the pipe."""
    sys.stdout.flush()


def note(message: str) -> None:
    """Tell a person something beside the answer; standard error, so that pipes stay clean."""
    typer.echo(escaped(message), err=True)


def line(text: str) -> None:
    """One line of plain text on standard output."""
    typer.echo(escaped(text))


def block(text: str) -> None:
    """Several lines that this package wrote itself, as they are, and an empty one."""
    typer.echo(text)


def section(title: str) -> None:
    """The heading of a part of a longer answer."""
    from rich.text import Text

    say(Text(f"\n{title}", "bold"))


def rows(columns: Sequence[str], values: Iterable[Sequence[Any]]) -> None:
    """A table on a terminal, tab-separated lines in a pipe."""
    if is_terminal():
        table(columns, values, title=None)
    else:
        plain_rows(columns, values)


def pairs(values: Sequence[tuple[str, object]]) -> None:
    """Names and values: aligned on a terminal, tab-separated in a pipe."""
    width = max((len(name) for name, _ in values), default=0) + 2 if is_terminal() else 0
    for name, value in values:
        separator = "" if width else "\t"
        typer.echo(f"{escaped(name).ljust(width)}{separator}{plain_cell(value)}")


def json_document(value: object) -> None:
    """One JSON document and a line break."""
    typer.echo(json_text(value, indent=2))


def json_rows(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A JSON array of objects, one a line, written as the rows come."""
    typer.echo("[", nl=False)
    separator = "\n"
    for row in rows:
        record = dict(zip(columns, row, strict=True))
        typer.echo(f"{separator}{json_text(record)}", nl=False)
        separator = ",\n"
    typer.echo("\n]" if separator == ",\n" else "]")


def plain_rows(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Tab-separated lines under a line of column names: what cut, awk and sort expect."""
    typer.echo("\t".join(escaped(column) for column in columns))
    for row in rows:
        typer.echo("\t".join(plain_cell(value) for value in row))


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str | None) -> None:
    """A table for a person, cut after :data:`TERMINAL_ROWS` rows with a line saying so."""
    remaining = iter(rows)
    shown = list(islice(remaining, TERMINAL_ROWS))
    if not shown:
        line(f"{title}: no rows" if title else "no rows")
        return
    say(_drawn(columns, shown, title))
    left_out = sum(1 for _ in remaining)
    if left_out:
        note(f"… {left_out} more rows: --csv, --parquet, --json or a pipe gives all of them")


def _drawn(columns: Sequence[str], rows: Sequence[Sequence[Any]], title: str | None) -> Table:
    from rich import box
    from rich.table import Table

    drawn = Table(
        title=None if title is None else _cell(title),
        box=box.SIMPLE_HEAD,
        title_justify="left",
        pad_edge=False,
    )
    for index, column in enumerate(columns):
        values = [row[index] for row in rows]
        drawn.add_column(
            _cell(escaped(column)),
            justify="right" if _is_numeric(values) else "left",
            # Where the terminal is too narrow, long texts give way: half a job id is of no use.
            no_wrap=max(len(table_cell(value)) for value in values) <= _NEVER_CUT,
        )
    for row in rows:
        drawn.add_row(*(_cell(table_cell(value), _style(value)) for value in row))
    return drawn


def _cell(text: str, style: str = "") -> Text:
    """Text on one line, whatever room it gets: a row is a line, and ``job ID`` shows all of it."""
    from rich.text import Text

    return Text(text, style, no_wrap=True, overflow="ellipsis")


def _is_numeric(values: Iterable[Any]) -> bool:
    present = [value for value in values if value is not None]
    return bool(present) and all(
        isinstance(value, (int, float)) and not isinstance(value, bool) for value in present
    )


_STYLES: Mapping[str, str] = {
    "done": "green",
    "error": "red",
    "running": "yellow",
    "queued": "yellow",
    "cancelled": "magenta",
}


def _style(value: object) -> str:
    return _STYLES.get(value, "") if isinstance(value, str) else ""

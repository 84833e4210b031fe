"""A bar on standard error while long work runs; silence where nobody watches."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from otel_forgesyte.cli.output import console
from otel_forgesyte.cli.printable import escaped

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    Advance = Callable[[int, int, str], None]

__all__ = ["progress"]


@contextlib.contextmanager
def progress(title: str) -> Generator[Advance]:
    """Yield ``advance(done, total, label)``; a total of 0 means that nobody knows how much it is.

    On standard error, so that the answer can be piped while the bar moves.
    """
    if not sys.stderr.isatty():
        yield _silent
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(),
        TimeElapsedColumn(), TextColumn("{task.fields[label]}", markup=False),
    )  # fmt: skip
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None, label="")

        def advance(done: int, total: int, label: str) -> None:
            bar.update(task, completed=done, total=total or None, label=escaped(label))

        yield advance


def _silent(done: int, total: int, label: str) -> None:
    """Nobody watches."""
    del done, total, label

"""The DuckDB that a reader's questions run in: started once, and without a file of its own."""

from __future__ import annotations

import itertools
import os
import threading
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["CONFIG", "Instance"]

_MOST_ROWS = 100_000
_MOST_ANSWERS = 50  # each takes 18 to 95 kB, whether it has rows or not
CONFIG: dict[str, str | bool | int | float | list[str]] = {
    # A question needs no extension, and must not start a download because of a name in it.
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    # A misspelt table must be an error, not a look at the caller's Python variables.
    "python_enable_replacements": "false",
}


class Instance:
    """DuckDB in memory, begun with the first question: to start it takes 28 ms, to ask 10.

    Answers are tables of its ``memory`` catalog. Nothing tells when the last relation over one is
    gone, but DuckDB ends with the last relation over any of them: so a new one is begun after 50
    answers or 100,000 rows, and the old one goes as soon as nobody has any of its answers.
    """

    def __init__(self) -> None:
        self._root: DuckDBPyConnection | None = None
        self._numbers = itertools.count(1)
        self._answers = self._rows = 0
        _instances.add(self)

    def __reduce__(self) -> tuple[type[Instance], tuple[()]]:
        """A copy in another process begins its own."""
        return Instance, ()

    def connection(self) -> DuckDBPyConnection:
        """Return a connection; what is made in ``memory`` others of this instance see too."""
        import duckdb

        with _starting:
            root = self._root
            if root is None:
                root = self._root = duckdb.connect(config=CONFIG)
            return root.cursor()

    def name_for_an_answer(self) -> str:
        """Return a table's name in ``memory`` that no other answer has."""
        return f"answer_{next(self._numbers)}"

    def keeps(self, rows: int) -> None:
        """Take note of an answer's size."""
        self._answers += 1
        self._rows += rows
        if self._answers >= _MOST_ANSWERS or self._rows > _MOST_ROWS:
            self.begin_anew()

    def begin_anew(self) -> None:
        """Start another one for the next question; answers given stay valid."""
        self._root, self._answers, self._rows = None, 0, 0

    def close(self) -> None:
        """End every connection, so that no file stays attached; answers given end with them."""
        root = self._root
        self.begin_anew()
        if root is not None:
            root.close()


_starting = threading.Lock()
"""Held while an instance starts, and over a fork."""
_instances: weakref.WeakSet[Instance] = weakref.WeakSet()


def _before_fork() -> None:
    # A child has none of DuckDB's threads: one that inherited an instance ended with a segmentation
    # fault at its exit (DuckDB 1.5.5 and 2.0.0).
    _starting.acquire()
    for instance in list(_instances):
        instance.begin_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_starting.release, after_in_child=_starting.release
    )

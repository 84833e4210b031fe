"""Migrates databases in children that are killed at one step; run as a process by the test.

Reads lines of a step's number and a database, and answers each with a line: how the child ended,
and the steps it passed where it was not killed. A step is a statement whose first word differs from
that of the one before, and each file operation of the backup copy; the child ends by SIGKILL before
it. Forked before DuckDB has opened anything, since a process for each would import everything anew.
"""

from __future__ import annotations

import os
import pathlib
import re
import signal
import sys
from collections.abc import Callable
from typing import Any

import duckdb

from otel_forgesyte_duckdb import writing
from otel_forgesyte_schema import migrate

_FIRST_WORD = re.compile(r"(?:\s|--[^\n]*\n)*(\w+)")


class Steps:
    """Counts steps, and ends the process before one of them."""

    def __init__(self, last: int) -> None:
        self.last = last
        self.passed: list[str] = []
        self.is_counting = False

    def about_to(self, name: str) -> None:
        if not self.is_counting or self.passed[-1:] == [name]:
            return
        if len(self.passed) == self.last:
            os.kill(os.getpid(), signal.SIGKILL)
        self.passed.append(name)

    def before(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **named: Any) -> Any:
            self.about_to(name)
            return function(*arguments, **named)

        return run


class Watched:
    """A connection that tells before each statement what it is."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, steps: Steps) -> None:
        self._connection = connection
        self._steps = steps

    def execute(self, query: str, parameters: object = None) -> duckdb.DuckDBPyConnection:
        word = _FIRST_WORD.match(query)
        self._steps.about_to(word[1] if word else "?")
        return self._connection.execute(query, parameters)

    def fetchone(self) -> tuple[Any, ...] | None:
        return self._connection.fetchone()

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self._connection.fetchall()


def _migrate(database: str, last: int) -> list[str]:
    steps = Steps(last)
    os.fsync = steps.before("fsync", os.fsync)
    pathlib.Path.replace = steps.before("rename", pathlib.Path.replace)  # type: ignore[method-assign]

    def begin(_: str) -> None:
        steps.is_counting = True

    with writing(database) as connection:
        migrate(Watched(connection, steps), "0.2.0", on_progress=begin)
        steps.about_to("close")
    return steps.passed


def _in_a_child(step: int, database: str) -> str:
    receiving, sending = os.pipe()
    child = os.fork()
    if not child:
        os.write(sending, " ".join(_migrate(database, step)).encode())
        os._exit(0)
    os.close(sending)
    with os.fdopen(receiving) as passed:
        said = passed.read()
    return f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])} {said}"


if __name__ == "__main__":
    for line in sys.stdin:
        number, _, path = line.strip().partition(" ")
        print(_in_a_child(int(number), path), flush=True)  # noqa: T201 - the answer

"""Finding the lines of a segment that cannot be stored, so that the others can."""

from __future__ import annotations

import re
import time
from itertools import pairwise
from typing import TYPE_CHECKING

import orjson

from otel_forgesyte_duckdb.dead_letters import DeadLetter, replace_letters
from otel_forgesyte_duckdb.ingesting import LineCountMismatch, Portion, attempt, store

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb

    from otel_forgesyte_duckdb.segments import SegmentFile


# Each refused line costs some transactions, and the database is held for all of them.
PATIENCE_S = 2.0
# "JSON transform error in file "…", in line 109: …", counted from 1; not every refusal has it.
_LINE = re.compile(r", in line (\d+): ")


class DrainStopped(Exception):  # noqa: N818 - reads as the fact it states
    """The drainer was told to stop; what was not committed stays in the spool."""


def is_about_data(error: Exception) -> bool:
    """Tell whether other lines might do better.

    A full disk, a lost file or an interruption is not about data; nor is a missing table or column
    (catalog and binder errors): then every line would fail, and all belong in the spool.
    """
    import duckdb

    return isinstance(
        error,
        (
            LineCountMismatch,
            duckdb.DataError,  # conversions, values out of range
            duckdb.IntegrityError,
            duckdb.InvalidInputException,  # malformed JSON, and what functions refuse at run time
            duckdb.InvalidTypeException,
            duckdb.OutOfMemoryException,  # fewer lines may fit
        ),
    )


def named_in(error: Exception, batch: Sequence[SegmentFile]) -> SegmentFile | None:
    """Return the segment that DuckDB's message names as the one it could not read, if any."""
    message = str(error)
    return next((segment for segment in batch if str(segment.path) in message), None)


class Sifter:
    """Stores what can be stored of one segment and sets the rest aside with its reason.

    Lines that `PATIENCE_S` was too short to tell apart are set aside together, good ones among
    them: `otel-forgesyte dead retry` gives those another chance.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        spool: Path,
        segment: SegmentFile,
        stopping: threading.Event,
    ) -> None:
        self._connection = connection
        self._spool = spool
        self._segment = segment
        self._stopping = stopping
        # Not a segment's name, so nobody takes it for one.
        self._part = spool / f"{segment.stem}.part"
        self._dead: list[DeadLetter] = []
        self._until = time.monotonic() + PATIENCE_S

    def store(self) -> Portion:
        """Store the good lines, the ledger row and, before those, the dead letters.

        Raises:
            duckdb.Error: the trouble is not with single lines; nothing was stored.
            OSError: the dead letters could not be written; nothing was stored.
            DrainStopped: nothing was stored.
        """
        lines = [line for line in self._segment.path.read_bytes().split(b"\n") if line]
        try:
            good = self._storable([line for line in lines if self._is_json(line)])
            replace_letters(self._spool, self._segment.stem, self._dead)
            lost = (self._segment.lines or 0) - len(lines)
            portion = self._portion(good, dead=len(self._dead), lost=lost)
            store(self._connection, [portion])
        finally:
            self._part.unlink(missing_ok=True)
        return portion

    def _storable(self, lines: list[bytes]) -> list[bytes]:
        if self._stopping.is_set():
            raise DrainStopped
        error = self._error_of(lines)
        if error is None:
            return lines
        if len(lines) == 1 or time.monotonic() >= self._until:
            others = f" (one of {len(lines)} lines not told apart)" if len(lines) > 1 else ""
            for line in lines:
                self._set_aside(line, f"{type(error).__name__}{others}: {error}")
            return []
        parts = _split(lines, error)
        return [line for part in parts for line in self._storable(part)]

    def _error_of(self, lines: list[bytes]) -> Exception | None:
        import duckdb

        if not lines:
            return None
        try:
            attempt(self._connection, self._portion(lines))
        except (duckdb.Error, LineCountMismatch) as error:
            # Out of memory over a single line is about this machine, not about the line.
            if not is_about_data(error) or (
                len(lines) == 1 and isinstance(error, duckdb.OutOfMemoryException)
            ):
                raise
            return error
        return None

    def _is_json(self, line: bytes) -> bool:
        try:
            orjson.loads(line)
        except orjson.JSONDecodeError as error:
            self._set_aside(line, f"not JSON: {error}")
            return False
        return True

    def _portion(self, lines: list[bytes], dead: int = 0, lost: int = 0) -> Portion:
        self._part.write_bytes(b"".join(line + b"\n" for line in lines))
        self._part.chmod(0o600)
        return Portion(self._segment, self._part, len(lines), dead, lost)

    def _set_aside(self, line: bytes, reason: str) -> None:
        text = line.decode("utf-8", "backslashreplace")
        self._dead.append(DeadLetter(self._segment.signal, reason[:1_000], text))


def _split(lines: list[bytes], error: Exception) -> list[list[bytes]]:
    """Part the lines around the one that DuckDB's message names, and what follows in halves.

    It reads on from there, so a message says nothing about what follows; some numbers in it are
    approximate, which only costs a few attempts more.
    """
    told = _LINE.search(str(error))
    number = min(int(told[1]), len(lines)) if told else 0
    edges = (0, max(0, number - 1), number, (number + len(lines)) // 2, len(lines))
    return [lines[begin:end] for begin, end in pairwise(edges) if begin < end]

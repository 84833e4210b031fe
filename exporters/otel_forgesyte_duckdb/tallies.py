"""What each writer has taken responsibility for, counted beside its segments and apart from them.

The spool and the database can only say what is there. A tally says what was put there, so that a
segment that vanished between the two is missed: `accepted` is counted here and nowhere else.

One small file a writer, written over in place after each batch and never synced. A process killed
between a batch and its count leaves the tally behind by lines it never acknowledged, which is why
whoever compares takes the larger number.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
from collections import Counter
from typing import TYPE_CHECKING, Any, cast

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb

_SUFFIX = ".tally"
_FLAGS = os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0)
_KEEP = """
INSERT INTO otel.writers (writer, signal, accepted, ended_at)
SELECT *, $now
FROM (
    SELECT unnest($writers) AS writer, unnest($signals) AS signal, unnest($accepted) AS accepted
)
WHERE (writer, signal, accepted) NOT IN (SELECT (writer, signal, accepted) FROM otel.writers)
"""


class Tally:
    """One writer's count of records by signal. The caller sees to it that one thread adds."""

    def __init__(self, spool: Path, writer: str) -> None:
        self._path = spool / f"{writer}{_SUFFIX}"
        self._counts: Counter[str] = Counter()
        self._descriptor: int | None = None

    def add(self, signal: str, records: int) -> None:
        """Count records that are on disk now. Never raises: a tally behind raises no alarm."""
        self._counts[signal] += records
        # Numbers only grow, so the new text always covers the old one.
        text = orjson.dumps(self._counts, option=orjson.OPT_APPEND_NEWLINE)
        with contextlib.suppress(OSError):  # a full disk, too many open files
            if self._descriptor is None:
                self._descriptor = os.open(self._path, _FLAGS, 0o600)
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            os.write(self._descriptor, text)

    def close(self) -> None:
        """Let go of the file; the next drainer takes what it says into the database."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def read_tallies(spool: Path) -> dict[str, dict[str, int]]:
    """Return the records by signal that each writer in a spool has counted."""
    return {path.stem: counts for path in _files(spool) if (counts := _read(path))}


def ended_tallies(spool: Path) -> list[Path]:
    """Return the tallies of writers that have ended: final, once `recover` has looked at them."""
    # A writer takes its lock before it counts, and its lock's file goes when it ends.
    return [path for path in _files(spool) if not path.with_suffix(".lock").exists()]


def keep_tallies(connection: duckdb.DuckDBPyConnection, paths: list[Path]) -> None:
    """Put ended tallies into the database; doing so again changes nothing.

    Raises:
        duckdb.Error: they could not be stored.
    """
    rows = [(path.stem, signal, count) for path in paths for signal, count in _read(path).items()]
    if rows:
        writers, signals, accepted = map(list, zip(*rows, strict=True))
        # Naive UTC: an aware value would be turned into the session's zone.
        now = dt.datetime.now(dt.timezone.utc).replace(tzinfo=None)
        values = {"writers": writers, "signals": signals, "accepted": accepted, "now": now}
        connection.execute(_KEEP, values)


def _files(spool: Path) -> Iterator[Path]:
    return spool.glob(f"*-*{_SUFFIX}")


def _read(path: Path) -> dict[str, int]:
    try:
        found: Any = orjson.loads(path.read_bytes().partition(b"\n")[0])
    except (OSError, orjson.JSONDecodeError):  # drained meanwhile; zeroed by a power cut
        return {}
    if not isinstance(found, dict):
        return {}
    counts = cast("dict[str, Any]", found)
    return {signal: count for signal, count in counts.items() if isinstance(count, int)}

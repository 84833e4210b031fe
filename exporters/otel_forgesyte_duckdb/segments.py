"""Segment files: their names, what lies in a spool, and the repair of what a dead writer left."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from otel_forgesyte_duckdb.locks import file_lock, try_lock

if TYPE_CHECKING:
    from filelock import FileLock

SIGNALS = ("resources", "losses", "spans", "metric_points", "logs")
"""Kinds of segment. The first two are about the others and are not counted as records."""
RECORDS = SIGNALS[2:]
NOBODY = "0"
"""In place of a process id: the segment holds what an earlier one brought, and is no new intake."""
_NAME = re.compile(
    r"(?P<stem>(?P<writer>\d+-[0-9a-f]{12})-(?P<signal>[a-z_]+)-\d{8})(-(?P<lines>\d+)\.seg|\.open)"
)


@dataclass(frozen=True, slots=True)
class SegmentFile:
    """One segment on disk. `lines` is None while its writer may still append."""

    path: Path
    stem: str
    """`<writer>-<signal>-<sequence>`: what the ledger knows it by."""
    writer: str
    signal: str
    lines: int | None
    size: int

    def sealed_as(self, lines: int) -> Path:
        """Return the path it has once it is sealed with that many lines."""
        return self.path.with_name(f"{self.stem}-{lines}.seg")


def list_segments(spool: Path) -> list[SegmentFile]:
    """Return the segments of a spool, oldest first; a directory not there holds none."""
    found: list[tuple[int, SegmentFile]] = []
    try:
        with os.scandir(spool) as entries:
            found.extend(segment for entry in entries if (segment := _segment(entry)))
    except FileNotFoundError:
        return []
    # By time, so that no writer waits for ever behind a busier one whose name sorts before its own.
    return [segment for _, segment in sorted(found, key=lambda item: (item[0], item[1].stem))]


def list_sealed(spool: Path) -> list[SegmentFile]:
    """Return the segments nobody appends to any more."""
    return [segment for segment in list_segments(spool) if segment.lines is not None]


def spool_bytes(spool: Path) -> int:
    """Return the bytes that all segments of a spool take."""
    return sum(segment.size for segment in list_segments(spool))


def _segment(entry: os.DirEntry[str]) -> tuple[int, SegmentFile] | None:
    match = _NAME.fullmatch(entry.name)
    if match is None or match["signal"] not in SIGNALS:
        return None
    try:
        found = entry.stat()
    except FileNotFoundError:  # drained meanwhile
        return None
    lines = None if match["lines"] is None else int(match["lines"])
    path = Path(entry.path)
    size = found.st_size
    segment = SegmentFile(path, match["stem"], match["writer"], match["signal"], lines, size)
    return found.st_mtime_ns, segment


def writer_lock(spool: Path, writer: str) -> FileLock:
    """Return the lock a writer holds while it lives; who can take it knows that it is dead."""
    return file_lock(spool / f"{writer}.lock")


def recover(spool: Path) -> int:
    """Seal the open segments of writers that are dead; return how many segments that gave.

    A line that was not written whole (the process died inside `write`) was never acknowledged: it
    is cut off.
    """
    opened = [segment for segment in list_segments(spool) if segment.lines is None]
    recovered = 0
    # By their locks too: a writer killed with nothing open leaves that file behind.
    locks = {path.stem for path in spool.glob("*-*.lock")}
    for writer in sorted(locks | {segment.writer for segment in opened}):
        lock = writer_lock(spool, writer)
        if not try_lock(lock):  # alive
            continue
        try:
            recovered += sum(_repair(item) for item in opened if item.writer == writer)
            Path(lock.lock_file).unlink(missing_ok=True)
        finally:
            lock.release()
    return recovered


def _repair(segment: SegmentFile) -> bool:
    try:
        with segment.path.open("r+b") as file:
            content = file.read()
            whole = content.rfind(b"\n") + 1
            if whole != len(content):
                file.truncate(whole)
            os.fsync(file.fileno())
        if whole == 0:
            segment.path.unlink()
            return False
        segment.path.rename(segment.sealed_as(content.count(b"\n", 0, whole)))
    except FileNotFoundError:  # its writer sealed it between the listing and the lock
        return False
    return True

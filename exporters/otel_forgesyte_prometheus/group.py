"""The processes that stand on one page: a directory with a file for each, and one for the ended.

    <started>-<pid>.lock   held for as long as the process lives, however it ends
    <started>-<pid>.json   its families as it last told them, replaced by rename
    ended.json             the sums of all that have ended, and whose they are
    fold.lock              held by who adds an ended process to ``ended.json``

An ended process is in ``ended.json`` from the rename on that also names it there, and its own file
counts no more: so it counts once wherever anybody is killed. The sums go when a process joins and
nobody has been there for a minute: counters begin anew then, as Prometheus expects of a restart.
Going as soon as nobody was left, they were lost when gunicorn recycled all its workers at once.
"""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING, Final

from otel_forgesyte_prometheus.families import FamilySet, Kind
from otel_forgesyte_prometheus.locks import file_lock, try_lock
from otel_forgesyte_prometheus.merging import add_all
from otel_forgesyte_prometheus.snapshots import Snapshot, UnreadableError, decoded, encoded

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from filelock import FileLock

    from otel_forgesyte_prometheus.families import Family
    from otel_forgesyte_prometheus.notices import Notices

_MEMBER: Final = re.compile(r"(?P<name>[0-9a-f]{16}-(?P<pid>\d+))\.(json|lock|json\.new)")
_ENDED: Final = "ended.json"
# Whoever reads looks at the ended last. Were it overtaken by so many ends meanwhile, it would count
# one of them twice; a name takes 30 bytes.
_MOST_NAMES: Final = 1_000
_JOIN_S: Final = 2.0
_REMEMBERED_S: Final = 60.0
_SUMS: Final = {Kind.COUNTER, Kind.HISTOGRAM}

_Mark = tuple[int, int, int]


def process_of(name: str) -> str:
    """The process id in the name of a place; nothing without a place."""
    return name.partition("-")[2]


class Group:
    """One process's place in a directory. Not safe from several threads, but for `others`."""

    def __init__(self, directory: Path, max_series: int, notices: Notices) -> None:
        self.directory: Final = directory
        self._max_series = max_series
        self._notices = notices
        self._read: dict[str, tuple[_Mark, Snapshot]] = {}
        self._written = b""
        self._lock: FileLock | None = None
        self.name = ""

    def join(self) -> None:
        """Take a place; the first process for a minute takes away what those before it left.

        Raises:
            OSError: the directory cannot be written to.
        """
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.name = f"{time.time_ns():016x}-{os.getpid()}"
        self._written = b""
        gate = self._file_lock("fold")
        # Without it too, when a process was stopped while it held it: nobody waits for a page.
        is_ours = try_lock(gate, _JOIN_S)
        try:
            self._lock = self._file_lock(self.name)
            try_lock(self._lock, _JOIN_S)
            if is_ours:
                dead = self._dead()
                is_alone = self._names() <= {self.name, *dead}
                self._bury(dead, is_first=is_alone and self._is_forgotten())
        finally:
            gate.release()

    @property
    def is_joined(self) -> bool:
        """Whether this process has a place, which goes with the directory."""
        return self._lock is not None and self._path(self.name, "lock").exists()

    def publish(self, families: Iterable[Family]) -> None:
        """Tell the others these families, from now on.

        Raises:
            OSError: the file cannot be written.
        """
        content = encoded(families)
        if content == self._written:
            os.utime(self._path(self.name, "json"))  # a sign of life
        else:
            self._replace(f"{self.name}.json", content)
            self._written = content

    def leave(self) -> None:
        """Give up the place; what was published counts among the ended."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def forget(self) -> None:
        """Leave the place to the parent: this is a forked child, and has none yet."""
        self._lock = None
        self.name = ""

    def fold(self) -> None:
        """Add those that have ended since to the sums, unless somebody is at it.

        Raises:
            OSError: the sums cannot be read or written; what ended keeps its file then.
        """
        gate = self._file_lock("fold")
        if try_lock(gate):
            try:
                self._bury(self._dead(), is_first=False)
            finally:
                gate.release()

    def others(self) -> tuple[list[tuple[str, Snapshot]], Snapshot]:
        """Every other process by its name, the youngest first, and those that have ended.

        Raises:
            OSError: not all of them can be read, so that a page would tell less than before.
        """
        names = sorted(self._names() - {self.name}, reverse=True)
        found = [(name, self._snapshot(f"{name}.json")) for name in names]
        ended = self._snapshot(_ENDED)
        files = {_ENDED, *(f"{name}.json" for name in names)}
        self._read = {file: read for file, read in tuple(self._read.items()) if file in files}
        return [(name, snapshot) for name, snapshot in found if name not in ended.ended], ended

    def _names(self) -> set[str]:
        try:
            with os.scandir(self.directory) as entries:
                return {found["name"] for entry in entries if (found := _MEMBER.match(entry.name))}
        except FileNotFoundError:
            return set()

    def _dead(self) -> dict[str, FileLock]:
        """The locks of those that hold them no more, now held here."""
        locks = {name: self._file_lock(name) for name in self._names() if name != self.name}
        return {name: lock for name, lock in locks.items() if try_lock(lock)}

    def _is_forgotten(self) -> bool:
        words = [path.stat().st_mtime for path in self.directory.glob("*.json")]
        return time.time() - max(words, default=0.0) > _REMEMBERED_S

    def _bury(self, dead: dict[str, FileLock], *, is_first: bool) -> None:
        try:
            if is_first:
                (self.directory / _ENDED).unlink(missing_ok=True)
            elif dead:
                self._add_up(dead)
            for name in dead:
                for kind in ("json", "json.new", "lock"):
                    self._path(name, kind).unlink(missing_ok=True)
        finally:
            for lock in dead.values():
                lock.release()

    def _add_up(self, dead: Iterable[str]) -> None:
        before = self._snapshot(_ENDED)
        new = sorted(set(dead) - set(before.ended))
        if not new:
            return
        sums = FamilySet(self._max_series, self._notices)
        # The youngest first: where two do not fit together, the program has changed in between.
        snapshots = [self._snapshot(f"{name}.json") for name in reversed(new)]
        for snapshot in (*snapshots, before):
            add_all(sums, (each for each in snapshot.families if each.kind in _SUMS))
        self._replace(_ENDED, encoded(sums, (*before.ended, *new)[-_MOST_NAMES:]))

    def _snapshot(self, file: str) -> Snapshot:
        path = self.directory / file
        try:
            with path.open("rb") as opened:
                found = os.fstat(opened.fileno())
                mark = (found.st_ino, found.st_mtime_ns, found.st_size)
                held = self._read.get(file)
                if held is not None and held[0] == mark:
                    return held[1]
                snapshot = decoded(opened.read())
        except FileNotFoundError:
            return Snapshot()
        except UnreadableError as error:
            self._notices.once(
                ("snapshot", str(self.directory)),
                "Prometheus: the numbers of another process are missing: %s cannot be read: %s",
                path, error,
            )  # fmt: skip
            return Snapshot()
        self._read[file] = (mark, snapshot)
        return snapshot

    def _replace(self, file: str, content: bytes) -> None:
        # No fsync: what a power cut leaves torn belonged to processes that it ended too.
        new = self.directory / f"{file}.new"
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
            opened.write(content)
        new.replace(self.directory / file)

    def _path(self, name: str, kind: str) -> Path:
        return self.directory / f"{name}.{kind}"

    def _file_lock(self, name: str) -> FileLock:
        return file_lock(self._path(name, "lock"))

"""The writer: appends lines to open segments, and seals them so that a drainer may take them.

Nothing here touches a database. `append` costs one `write`, plus one `fdatasync` each time a
segment has reached its size.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import secrets
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from otel_forgesyte_duckdb.dead_letters import append_letters
from otel_forgesyte_duckdb.locks import try_lock
from otel_forgesyte_duckdb.losses import SEGMENT_VANISHED, Losses, loss_lines, reason_of
from otel_forgesyte_duckdb.open_segment import OpenSegment
from otel_forgesyte_duckdb.segments import RECORDS, SIGNALS, spool_bytes, writer_lock
from otel_forgesyte_duckdb.tallies import Tally

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from filelock import FileLock

    from otel_forgesyte_duckdb.dead_letters import DeadLetter
    from otel_forgesyte_duckdb.settings import Settings

_RECOUNT_S = 1.0
# Remembered as written; beyond, they are written once more, which the database takes for the same.
_MOST_RESOURCES = 10_000
_PATIENCE_S = 2.0
_logger = logging.getLogger(__name__)


class SpoolWriter:
    """This process's segments in a spool: at most one open per signal. Safe from any thread.

    After a fork the child must use a writer of its own (`Store` sees to it): two processes
    appending under one name would mix their counts.
    """

    def __init__(self, settings: Settings, losses: Losses) -> None:
        self._settings = settings
        self._losses = losses
        self._spool = settings.spool
        self.name = f"{os.getpid()}-{secrets.token_hex(6)}"
        self._alive: FileLock | None = None
        self._lock = threading.Lock()
        self._open: dict[str, OpenSegment] = {}
        self._unsealed: list[tuple[str, OpenSegment]] = []
        self._sequence = 0
        self._unfinished: dict[Path, Path | None] = {}
        self._bytes = 0
        self._counted_at = -_RECOUNT_S
        self._resources: set[str] = set()
        self._tally = Tally(self._spool, self.name)
        self._is_closed = False

    def append(self, signal: str, data: bytes, lines: int) -> bool:
        """Append whole lines to the signal's segment; False when they were dropped (counted)."""
        reason = self.offer(signal, data, lines)
        if reason and signal != "losses":
            self._losses.add(signal, reason, lines)
        return not reason

    def offer(self, signal: str, data: bytes, lines: int) -> str:
        """Append whole lines as `append`, or return why not; their sender still has them then."""
        full: OpenSegment | None = None
        try:
            with self._alone():
                if self._is_closed:
                    reason = "exporter_shut_down"
                elif self._is_full(len(data)) and signal not in SIGNALS[:2]:
                    reason = "spool_full"
                else:
                    reason = ""
                    segment = self._open.get(signal) or self._start(signal)
                    segment.append(data, lines)
                    self._bytes += len(data)
                    if signal in RECORDS:
                        self._tally.add(signal, lines)
                    if segment.size >= self._settings.segment_bytes:
                        full = self._open.pop(signal)
        except OSError as error:
            reason = reason_of(error)
        if full is not None:
            self._seal(signal, full)
        return reason

    def add_resource(self, resource_id: str, line: bytes) -> None:
        """Append a resource the first time this writer meets it."""
        if reason := self.offer_resource(resource_id, line):
            self._losses.add("resources", reason, 1)

    def offer_resource(self, resource_id: str, line: bytes) -> str:
        """Append a resource as `add_resource`, or return why that cannot be done now."""
        if resource_id in self._resources:
            return ""
        reason = self.offer("resources", line, 1)
        if not reason:
            if len(self._resources) >= _MOST_RESOURCES:
                self._resources.clear()
            self._resources.add(resource_id)
        return reason

    def set_aside(self, signal: str, letters: Sequence[DeadLetter]) -> str:
        """Put records that cannot be lines into this writer's dead letters, or return why not."""
        try:
            with self._alone():
                if self._is_closed:
                    return "exporter_shut_down"
                self._announce()
            # Exports go on meanwhile: somebody may hold the dead letters for seconds.
            append_letters(self._spool, f"{self.name}-{signal}", letters)
            with self._alone():
                self._tally.add(signal, len(letters))
                if self._is_closed:
                    self._tally.close()
        except OSError as error:
            return reason_of(error)
        return ""

    def seal(self, min_age_s: float = 0.0) -> None:
        """Seal open segments that are old enough, resources before those that refer to them.

        Raises:
            TimeoutError: called from a signal handler that has interrupted a call of this writer.
        """
        self._write_losses()
        with self._alone():
            now = time.monotonic()
            due = [s for s in SIGNALS if s in self._open]
            taken, self._unsealed = self._unsealed, []  # what failed before is tried again
            taken += [(s, self._open.pop(s)) for s in due if self._age(s, now) >= min_age_s]
        for signal, segment in taken:
            self._seal(signal, segment)

    def unfinished(self) -> set[Path]:
        """Return this writer's segments that no drainer has removed yet: those not stored.

        Raises:
            TimeoutError: as `seal`.
        """
        with self._alone():
            for opened, sealed in list(self._unfinished.items()):
                if sealed is not None and _is_gone(sealed):
                    del self._unfinished[opened]
            return set(self._unfinished)

    def close(self) -> None:
        """Seal everything, give up the name and take no more."""
        while True:
            self.seal()
            with self._alone():
                if self._open:  # an export in flight began another segment meanwhile
                    continue
                self._tally.close()
                if self._alive is not None:
                    with contextlib.suppress(OSError):  # Windows keeps a locked file; it is empty
                        Path(self._alive.lock_file).unlink(missing_ok=True)
                    self._alive.release()
                    self._alive = None
                self._is_closed = True
                self._let_go_of_unsealed()
                return

    @contextlib.contextmanager
    def _alone(self) -> Generator[None]:
        # A signal handler may come here in the middle of a call that its own thread is in, and
        # would wait for itself. Nobody else holds this lock for longer than one write.
        if not self._lock.acquire(timeout=_PATIENCE_S):
            raise TimeoutError(errno.EDEADLK, "the spool is in use by an interrupted call")
        try:
            yield
        finally:
            self._lock.release()

    def abandon(self) -> None:
        """Close what was inherited over a fork without writing a byte: it is the parent's."""
        for segment in self._open.values():
            segment.close()
        self._open.clear()
        self._tally.close()
        self._let_go_of_unsealed()

    def _let_go_of_unsealed(self) -> None:
        # They stay under their open names; whoever drains after this process has ended takes them.
        for _, segment in self._unsealed:
            segment.close()
        self._unsealed.clear()

    def _age(self, signal: str, now: float) -> float:
        return now - self._open[signal].opened_at

    def _start(self, signal: str) -> OpenSegment:
        self._announce()
        self._sequence += 1
        stem = f"{self.name}-{signal}-{self._sequence:08d}"
        segment = OpenSegment(self._spool / f"{stem}.open")
        self._open[signal] = segment
        self._unfinished[segment.path] = None
        return segment

    def _announce(self) -> None:
        """Take this writer's lock, before anything bears its name: it tells that it is alive."""
        if self._alive is None:
            make_spool(self._spool)
            alive = writer_lock(self._spool, self.name)
            # Nobody else has this name, but a drainer may look for a moment whether it is in use.
            if not try_lock(alive, timeout_s=1.0):
                raise TimeoutError(errno.EAGAIN, "the writer's own lock is taken", alive.lock_file)
            self._alive = alive

    def _is_full(self, more: int) -> bool:
        limit = self._settings.spool_max_bytes
        now = time.monotonic()
        # Other processes fill and drain the same spool: count afresh now and then.
        if now - self._counted_at >= _RECOUNT_S:
            self._bytes, self._counted_at = spool_bytes(self._spool), now
        return self._bytes + more > limit

    def _seal(self, signal: str, segment: OpenSegment) -> None:
        if not segment.lines:  # a full disk lets files be made and nothing be written into them
            segment.close()
            with contextlib.suppress(OSError):  # it is empty: the next drainer removes it
                segment.path.unlink(missing_ok=True)
            with self._alone():
                del self._unfinished[segment.path]
            return
        try:
            sealed = segment.seal()
        except FileNotFoundError:
            self._losses.add(signal, SEGMENT_VANISHED, segment.lines)
            with self._alone():
                del self._unfinished[segment.path]
        except OSError as error:
            if not segment.has_failed:
                segment.has_failed = True
                _logger.error("cannot seal %s yet: %s", segment.path, error)  # noqa: TRY400
            with self._alone():
                self._unsealed.append((signal, segment))
        else:
            with self._alone():
                self._unfinished[segment.path] = sealed

    def _write_losses(self) -> None:
        counts = self._losses.take()
        if counts and not self.append("losses", loss_lines(counts), len(counts)):
            self._losses.give_back(counts)


def make_spool(spool: Path) -> None:
    """Create the spool directory for this user alone.

    Raises:
        OSError: it cannot be created.
    """
    spool.mkdir(mode=0o700, parents=True, exist_ok=True)


def _is_gone(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:  # cannot be told now; `Path.exists` would raise or, on newer Pythons, deny it
        return False
    return False

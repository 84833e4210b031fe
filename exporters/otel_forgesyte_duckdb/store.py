"""One store per process and target: the writer, and a thread that seals and drains.

Exporters of all three signals share it, so the last one to shut down is the one that drains
(OpenTelemetry shuts logs, metrics and traces down in the reverse order of their creation).
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

from opentelemetry.context import (
    _SUPPRESS_INSTRUMENTATION_KEY,  # pyright: ignore[reportPrivateUsage] - the SDK's own threads set it
    attach,
    set_value,
)

from otel_forgesyte_duckdb import timing
from otel_forgesyte_duckdb.dead_letters import DeadLetter, dead_bytes
from otel_forgesyte_duckdb.duty import duty_of
from otel_forgesyte_duckdb.losses import Losses, reason_of
from otel_forgesyte_duckdb.overview import look_at
from otel_forgesyte_duckdb.spool import SpoolWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from otel_forgesyte_duckdb.duty import Duty
    from otel_forgesyte_duckdb.lines import EncodedBatch
    from otel_forgesyte_duckdb.origins import Origin
    from otel_forgesyte_duckdb.overview import Overview
    from otel_forgesyte_duckdb.settings import Settings

_POLL_S = 0.01
_DRAIN_SLICE_S = 1.0
_INTERRUPTING_S = 5.0  # a checkpoint cannot be interrupted
_JUST_NOW_S = 1.0
_DEAD_SHARE = 10  # dead letters may take a tenth of what the spool may
_LOOK_S = 1.0
_numbers = itertools.count()
_logger = logging.getLogger(__name__)


class Store:
    """What the exporters of one process write to. Safe from any thread, and over a fork."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.signals: set[str] = set()
        self._begin(duty_of(settings))

    def _begin(self, duty: Duty) -> None:
        self._pid = os.getpid()
        # Another one in a forked child, which is another component with counts of its own.
        self.number = next(_numbers)
        self._duty = duty
        self.losses = Losses()
        self.writer = SpoolWriter(self.settings, self.losses)
        self.accepted: Counter[str] = Counter()
        self.kept: Counter[str] = Counter()
        self.overview: Overview | None = None
        self._looked_at = -_LOOK_S
        self._counting = threading.RLock()  # a signal handler may come back here
        self._thread: threading.Thread | None = None
        self._thread_lock = threading.Lock()
        self._is_closed = threading.Event()
        self._wake = threading.Event()
        self._final_deadline: float | None = None
        self._in_vain_at = -_JUST_NOW_S
        self._complaint = ""

    def continue_in_child(self, *, may_drain: bool) -> None:
        """Start afresh after a fork: neither the parent's segments nor its counts are ours."""
        self.writer.abandon()
        self._duty.abandon()
        self._begin(duty_of(self.settings, may_drain=may_drain))

    def accept(self, signal: str, batch: EncodedBatch) -> bool:
        """Take a batch; False when some of it had to be dropped (which is counted)."""
        if self._pid != os.getpid():  # forked by something that runs no at-fork hooks
            self.continue_in_child(may_drain=False)
        with self._counting:
            self.accepted[signal] += batch.lines + len(batch.dead)
        if not batch.lines and not batch.dead:
            return True
        self._ensure_thread()
        kept = 0
        if batch.dead and self._set_aside(signal, batch.dead):
            kept += len(batch.dead)
        if batch.lines and self.writer.append(signal, batch.data, batch.lines):
            kept += batch.lines
        with self._counting:
            self.kept[signal] += kept
        return kept == batch.lines + len(batch.dead)

    def offer(self, signal: str, batch: EncodedBatch, origins: Iterable[Origin]) -> str:
        """Take lines from a sender that keeps what is refused: return why they were, or nothing.

        Refused lines are neither accepted nor dropped: whoever offered them has them still.
        """
        for origin in origins:
            if reason := self.writer.offer_resource(origin.resource_id, origin.resource_line):
                return reason
        self._ensure_thread()
        reason = self.writer.offer(signal, batch.data, batch.lines)
        if not reason:
            with self._counting:
                self.accepted[signal] += batch.lines
                self.kept[signal] += batch.lines
        return reason

    def start(self) -> None:
        """Drain from now on, also what other processes leave here, before anything is accepted."""
        self._ensure_thread()

    def refuse(self, signal: str, reason: str, count: int) -> None:
        """Count records that were handed over and cannot be taken."""
        with self._counting:
            self.accepted[signal] += count
        self.losses.add(signal, reason, count)

    def flush(self, timeout_s: float) -> bool:
        """Return True once everything accepted so far is stored or set aside; False on timeout."""
        deadline = time.monotonic() + timeout_s
        try:
            self.writer.seal()
            pending = self.writer.unfinished()
        except TimeoutError:  # in a signal handler: this store's thread does it after that
            return False
        if pending and self._duty.is_nobodys():
            return False
        while pending & self.writer.unfinished():
            if time.monotonic() >= deadline:
                self._in_vain_at = time.monotonic()
                return False
            self._duty.hurry()
            if self._thread_is_alive():
                self._wake.set()
            elif self._may_drain_here():
                self._duty.attend(deadline)
            time.sleep(min(_POLL_S, timeout_s))
        return True

    def _is_done(self) -> bool:
        # An end that begins with a flush in vain does not wait as long once more.
        just_waited = time.monotonic() - self._in_vain_at < _JUST_NOW_S
        return just_waited or not self.writer.unfinished()

    def stop(self, timeout_s: float) -> None:
        """Seal, drain within the time given, and end the thread; a later `accept` still works."""
        deadline = time.monotonic() + timeout_s
        with contextlib.suppress(TimeoutError):  # in a signal handler; `recover` seals it later
            self.writer.seal()
        may_drain_here = self._may_drain_here()
        self._final_deadline = deadline
        with self._thread_lock:
            thread = self._thread
        if thread is not None and thread.is_alive():
            self._wake.set()
            thread.join(max(0.0, deadline - time.monotonic()))
            self._interrupt_until(lambda: not thread.is_alive())
        elif may_drain_here:
            self._duty.finish(deadline, self._is_done)

    def _may_drain_here(self) -> bool:
        # A daemon thread that is inside DuckDB when the interpreter ends aborts the process. So
        # what has been stopped once is only drained by the thread that will end the interpreter.
        return self._final_deadline is None or threading.current_thread() is threading.main_thread()

    def hasten(self) -> None:
        """Make a `close` in another thread leave DuckDB, and wait until it has."""
        self._interrupt_until(self._is_closed.is_set)

    def _interrupt_until(self, is_out: Callable[[], bool]) -> None:
        give_up = time.monotonic() + _INTERRUPTING_S
        while not is_out() and time.monotonic() < give_up:
            self._duty.interrupt()
            time.sleep(_POLL_S)

    def close(self) -> None:
        """Stop, and let other processes have the spool. Never raises."""
        deadline = time.monotonic() + self.settings.shutdown_timeout_s
        self.stop(self.settings.shutdown_timeout_s)
        with contextlib.suppress(TimeoutError):
            self.writer.close()
        unwritten = self.losses.waiting()
        if unwritten:  # the disk is still full: the log is the last place left to say it
            told = ", ".join(f"{n} {signal} ({why})" for (signal, why), n in unwritten.items())
            _logger.error("dropped, and not in the loss ledger either: %s", told)
        if not self._thread_is_alive():
            self._duty.close(deadline)
        self._is_closed.set()

    def _thread_is_alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _ensure_thread(self) -> None:
        if self._thread_is_alive() or self._final_deadline is not None:
            return
        with self._thread_lock:
            if self._thread_is_alive():
                return
            thread = threading.Thread(target=self._run, name="otel-forgesyte-duckdb", daemon=True)
            with contextlib.suppress(RuntimeError):  # the interpreter is ending; `stop` drains
                thread.start()
                self._thread = thread

    def _run(self) -> None:
        # What this thread calls may be instrumented: its telemetry would feed itself.
        attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, value=True))
        while self._final_deadline is None:
            self._wake.wait(self.settings.flush_interval_s)
            self._wake.clear()
            try:
                self._seal_and_drain()
            except Exception as error:  # noqa: BLE001 - nobody would start the thread again
                self._complain(error)
        self._duty.finish(self._final_deadline, self._is_done)

    def _seal_and_drain(self) -> None:
        # A long backlog means nobody can drain: fewer, larger segments then.
        self.writer.seal(self.settings.flush_interval_s * (len(self.writer.unfinished()) // 16))
        self._duty.attend(time.monotonic() + _DRAIN_SLICE_S)
        # Here and not where somebody asks: a scrape must not wait for a long list of files.
        if timing.listeners and time.monotonic() - self._looked_at >= _LOOK_S:
            self.overview, self._looked_at = look_at(self.settings.spool), time.monotonic()

    def _complain(self, error: Exception) -> None:
        complaint = f"{type(error).__name__}: {error}"
        if complaint != self._complaint:  # the same trouble is told once, not every second
            self._complaint = complaint
            _logger.error("cannot seal %s, tried again: %s", self.settings.spool, complaint)

    def _set_aside(self, signal: str, dead: list[tuple[str, str]]) -> bool:
        letters = [DeadLetter(signal, why, what) for why, what in dead]
        reason = self._no_room_for_letters() or self.writer.set_aside(signal, letters)
        if reason:
            self.losses.add(signal, reason, len(dead))
        return not reason

    def _no_room_for_letters(self) -> str:
        try:
            taken = dead_bytes(self.settings.spool)
        except OSError as error:  # too many open files to look; the batch's other records still fit
            return reason_of(error)
        return "dead_letters_full" if taken > self.settings.spool_max_bytes // _DEAD_SHARE else ""

"""One daemon thread that does, a moment later, what the host's threads should not wait for."""

from __future__ import annotations

import logging
import os
import queue
import threading
import weakref
from typing import TYPE_CHECKING, Protocol

from opentelemetry.context import (
    _SUPPRESS_INSTRUMENTATION_KEY,  # pyright: ignore[reportPrivateUsage] - the SDK has no other
    attach,
    set_value,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_logger = logging.getLogger(__name__)


class Deferred(Protocol):
    """Something that takes in one append, and delivers later."""

    def deliver(self) -> None:
        """Delivers what was taken so far."""
        ...

    def forget(self) -> None:
        """Drops what was taken, and any lock that another thread may have held."""
        ...


class Worker:
    """Lets every part deliver once an interval, and runs errands that may take too long.

    A forked child has no threads but the one that forked, so the worker starts again there,
    after each part has forgotten what the parent still had in hand (the parent delivers it).

    Args:
        parts: deliver in this order; one that raises does not keep the next from its turn.
        interval_s: seconds between two rounds.
    """

    def __init__(self, parts: Sequence[Deferred], interval_s: float) -> None:
        self._parts = parts
        self._interval_s = interval_s
        self._failed: set[str] = set()
        self._is_stopped = False
        self._start()
        if hasattr(os, "register_at_fork"):
            # The hook lives as long as the process: a weak one keeps this worker collectable.
            hook = weakref.WeakMethod(self._after_fork)
            os.register_at_fork(after_in_child=lambda: (method := hook()) and method())

    def run(self, errand: Callable[[], bool], timeout_s: float) -> bool:
        """What `errand` returns, run on the worker's thread; False when that takes too long.

        So no caller waits for an exporter that hangs, not even at the interpreter's end, when no
        new thread can be started. An errand that was given up goes on in the background.
        """
        if not self._thread.is_alive() or self._thread is threading.current_thread():
            return errand()
        results: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._errands.put(lambda: results.put(self._tried(errand)))
        try:
            return results.get(timeout=max(timeout_s, 0.0))
        except queue.Empty:
            return False

    def deliver(self) -> None:
        """Lets every part deliver now, in the caller's thread."""
        for part in self._parts:
            self._attempt(part)

    def stop(self) -> None:
        """Ends the thread after the errand under way, without waiting for it."""
        self._is_stopped = True
        self._errands.put(None)

    def _start(self) -> None:
        self._errands: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="otel-forgesyte", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        # Instrumented libraries look at this key: an exporter's own calls must not feed it.
        attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, value=True))
        errands = self._errands
        while True:
            try:
                errand = errands.get(timeout=self._interval_s)
            except queue.Empty:
                self.deliver()
                continue
            if errand is None:
                return
            errand()

    def _attempt(self, part: Deferred) -> None:
        try:
            part.deliver()
        except Exception as error:  # noqa: BLE001 - a broken part must not end the thread
            self._tell_once(f"{type(part).__qualname__} failed to deliver", error)

    def _tried(self, errand: Callable[[], bool]) -> bool:
        try:
            return errand()
        except Exception as error:  # noqa: BLE001 - nor may an errand, or its caller wait in vain
            self._tell_once("what was to be delivered was not", error)
            return False

    def _tell_once(self, what: str, error: Exception) -> None:
        if what not in self._failed:
            self._failed.add(what)
            _logger.warning("%s, told once: %r", what, error)

    def _after_fork(self) -> None:
        for part in self._parts:
            part.forget()
        if not self._is_stopped:
            self._start()

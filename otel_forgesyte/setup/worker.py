"""One daemon thread that does, a moment later, what the host's threads should not wait for."""

from __future__ import annotations

import logging
import os
import threading
import weakref
from typing import TYPE_CHECKING, Protocol

from opentelemetry.context import (
    _SUPPRESS_INSTRUMENTATION_KEY,  # pyright: ignore[reportPrivateUsage] - the SDK has no other
    attach,
    set_value,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    """Lets every part deliver once an interval, and once more whenever somebody asks.

    A forked child has no threads but the one that forked, so the worker starts again there,
    after each part has forgotten what the parent still had in hand (the parent delivers it).

    Args:
        parts: deliver in this order; one that raises does not keep the next from its turn.
        interval_s: seconds between two rounds.
    """

    def __init__(self, parts: Sequence[Deferred], interval_s: float) -> None:
        self._parts = parts
        self._interval_s = interval_s
        self._round = threading.RLock()
        self._stopped = threading.Event()
        self._failed: set[str] = set()
        self._start()
        if hasattr(os, "register_at_fork"):
            # The hook lives as long as the process: a weak one keeps this worker collectable.
            hook = weakref.WeakMethod(self._after_fork)
            os.register_at_fork(after_in_child=lambda: (method := hook()) and method())

    def flush(self) -> None:
        """Lets every part deliver now, in the caller's thread; returns when they are done."""
        with self._round:
            for part in self._parts:
                self._attempt(part)

    def stop(self) -> None:
        """Ends the thread; `flush()` goes on working. Harmless the second time."""
        self._stopped.set()
        if self._thread is not threading.current_thread():
            self._thread.join(timeout=self._interval_s + 1)

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="otel-forgesyte", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        # Instrumented libraries look at this key: an exporter's own calls must not feed it.
        attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, value=True))
        while not self._stopped.wait(self._interval_s):
            self.flush()

    def _attempt(self, part: Deferred) -> None:
        try:
            part.deliver()
        except Exception as error:  # noqa: BLE001 - a broken exporter must not end the thread
            place = type(part).__qualname__
            if place not in self._failed:
                self._failed.add(place)
                _logger.warning("%s failed to deliver and is tried again: %r", place, error)

    def _after_fork(self) -> None:
        self._round = threading.RLock()
        for part in self._parts:
            part.forget()
        if not self._stopped.is_set():
            self._stopped = threading.Event()
            self._start()

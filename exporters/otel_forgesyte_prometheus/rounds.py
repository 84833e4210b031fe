"""A thread that does something again and again, in a forked child too."""

from __future__ import annotations

import logging
import time
from threading import Event, Thread
from typing import TYPE_CHECKING, Final

from opentelemetry.context import (
    _SUPPRESS_INSTRUMENTATION_KEY,  # pyright: ignore[reportPrivateUsage] - the SDK has no other
    attach,
    set_value,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_LOGGER: Final = logging.getLogger("otel_forgesyte_prometheus")
_INTERVAL_S: Final = 1.0
# A twentieth of one core at most, however many series there are and however slow callbacks are.
_REST: Final = 20


class Rounds:
    """Takes all steps at once, and then once a second, or less often where they take long."""

    def __init__(self, steps: Sequence[Callable[[], object]]) -> None:
        self._steps = steps
        self._start()

    def stop(self) -> None:
        """Begin no further round."""
        self._stopped.set()

    def after_fork_in_child(self) -> None:
        """Begin anew: a child has none of its parent's threads, nor its events' locks."""
        if not self._stopped.is_set():
            self._start()

    def _start(self) -> None:
        self._stopped = Event()
        try:
            Thread(
                target=self._work, args=(self._stopped,), name="otel-forgesyte-rounds", daemon=True
            ).start()
        except RuntimeError:  # the process is out of threads, or at its end
            _LOGGER.debug("Prometheus: no thread for the rounds", exc_info=True)

    def _work(self, stopped: Event) -> None:
        attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, value=True))
        pause = 0.0
        while not stopped.wait(pause):
            began = time.monotonic()
            for step in self._steps:
                _attempt(step)
            pause = max(_INTERVAL_S, _REST * (time.monotonic() - began))


def _attempt(step: Callable[[], object]) -> None:
    try:
        step()
    except Exception:
        _LOGGER.debug("Prometheus: a step failed; the next round may do better", exc_info=True)

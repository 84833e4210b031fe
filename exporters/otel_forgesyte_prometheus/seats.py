"""A few threads for scrapes that must not run on an event loop."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Final

from otel_forgesyte_prometheus.forking import renew_in_children

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from otel_forgesyte_prometheus.answer import Answer

MAX_SCRAPES: Final = 8


class Seats:
    """At most `MAX_SCRAPES` scrapes at once, in threads started when first needed.

    Not the event loop's own executor: scrapes behind a callback that hangs would fill it, and the
    host's ``asyncio.to_thread`` would wait for them.
    """

    def __init__(self) -> None:
        self.after_fork_in_child()
        renew_in_children(self)

    def take(self, scrape: Callable[[], Answer]) -> Future[Answer] | None:
        """``scrape`` under way, or None when every seat or every thread is taken."""
        free = self._free
        if not free.acquire(blocking=False):
            return None
        try:
            future = self._threads.submit(scrape)
        except RuntimeError:  # the process is out of threads, or at its end
            free.release()
            return None
        # When the thread is done, not when the client has gone: it is the thread that is scarce.
        future.add_done_callback(lambda _: free.release())
        return future

    def after_fork_in_child(self) -> None:
        """Begin anew: a child has none of its parent's threads."""
        self._free = BoundedSemaphore(MAX_SCRAPES)
        self._threads = ThreadPoolExecutor(MAX_SCRAPES, "otel-forgesyte-scrape")

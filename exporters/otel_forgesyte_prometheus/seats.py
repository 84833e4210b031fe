"""A few threads for scrapes: none runs on an event loop, and none is waited for without end."""

from __future__ import annotations

from concurrent.futures import Future
from threading import BoundedSemaphore, Thread
from typing import TYPE_CHECKING, Final

from otel_forgesyte_prometheus.forking import renew_in_children

if TYPE_CHECKING:
    from collections.abc import Callable

    from otel_forgesyte_prometheus.answer import Answer

MAX_SCRAPES: Final = 8


class Seats:
    """At most `MAX_SCRAPES` scrapes at once, each in a daemon thread of its own.

    Not the event loop's own executor: scrapes behind a callback that hangs would fill it, and the
    host's ``asyncio.to_thread`` would wait for them. And no executor at all: the interpreter joins
    its threads at exit, and would wait for that callback too.
    """

    def __init__(self) -> None:
        self.after_fork_in_child()
        renew_in_children(self)

    def take(self, scrape: Callable[[], Answer]) -> Future[Answer] | None:
        """``scrape`` under way, or None when every seat or every thread is taken."""
        free = self._free
        if not free.acquire(blocking=False):
            return None
        future: Future[Answer] = Future()
        # When the thread is done, not when the client has gone: it is the thread that is scarce.
        future.add_done_callback(lambda _: free.release())
        thread = Thread(
            target=_run, args=(scrape, future), name="otel-forgesyte-scrape", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:  # the process is out of threads, or at its end
            future.cancel()
            return None
        return future

    def after_fork_in_child(self) -> None:
        """Begin anew: a child has none of its parent's threads."""
        self._free = BoundedSemaphore(MAX_SCRAPES)


def _run(scrape: Callable[[], Answer], future: Future[Answer]) -> None:
    # From here on the future cannot be cancelled, by an event loop that waits no more for instance:
    # its seat would be given away while the thread goes on.
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(scrape())
    except BaseException as error:  # noqa: BLE001 - whoever waits is told
        future.set_exception(error)

"""A bounded hand-over from the host's threads to ours: one append, no lock, no wait."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from otel_forgesyte import telemetry

if TYPE_CHECKING:
    from collections.abc import Iterable

Item = TypeVar("Item")


class Buffer(Generic[Item]):
    """A queue that says when it is full instead of dropping or blocking.

    Appending costs about 0.1 µs. The limit may be passed by as many items as threads append in
    the same instant: the price of having no lock there.

    Args:
        limit: items held at most.
    """

    __slots__ = ("_items", "_limit")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._items: deque[Item] = deque()

    def append(self, item: Item) -> bool:
        """Whether `item` was taken; False when the buffer is full, and the caller keeps it."""
        if len(self._items) >= self._limit:
            return False
        self._items.append(item)
        return True

    def take(self) -> list[Item]:
        """Everything appended so far, oldest first; call it from one thread at a time."""
        popleft = self._items.popleft
        return [popleft() for _ in range(len(self._items))]

    def clear(self) -> None:
        """Forget everything: what a forked child does with its parent's items."""
        self._items.clear()

    def __len__(self) -> int:
        return len(self._items)


def count_overflow(exporters: Iterable[Any], count: int) -> None:
    """Tells each exporter with a loss ledger how many records a full buffer has refused."""
    for exporter in exporters if count else ():
        refuse = getattr(exporter, "count_refused", None)
        if refuse is not None:  # of the exporters, ours alone keep such a book
            try:
                refuse("buffer_full", count)
            except Exception as error:  # noqa: BLE001 - the others must hear of it too
                telemetry.failed("overflow", error)

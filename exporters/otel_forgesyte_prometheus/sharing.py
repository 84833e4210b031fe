"""One page for the processes of a group, told by any of them."""

from __future__ import annotations

import os
from operator import itemgetter
from threading import Lock
from typing import TYPE_CHECKING, Final, Protocol

from otel_forgesyte_prometheus.group import process_of
from otel_forgesyte_prometheus.merging import add_all, add_target
from otel_forgesyte_prometheus.reader import ScrapeBusyError
from otel_forgesyte_prometheus.snapshots import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from otel_forgesyte_prometheus.families import Family, FamilySet
    from otel_forgesyte_prometheus.group import Group
    from otel_forgesyte_prometheus.notices import Notices

    Collect = Callable[[float], FamilySet]

_ROUND_S: Final = 10.0
_LEAVE_S: Final = 1.0


class Sharer(Protocol):
    """What makes the page of many out of that of one."""

    def fill(self, page: FamilySet, timeout_s: float) -> None:
        """Put the families of all on a page.

        Raises:
            ScrapeBusyError: those of this process cannot be had in time.
        """
        ...

    def publish(self, timeout_s: float) -> bool:
        """Tell the others how things stand here; whether that was possible in time."""
        ...

    def leave(self) -> None:
        """Tell the others nothing more."""
        ...


class Sharing:
    """Publishes what one process collects, and adds what the others of its group have published.

    The one who is asked collects afresh; the others' numbers are as old as their last round or
    flush. Asking them instead would make every scrape as slow as the slowest, and would need an
    address for each.
    """

    def __init__(self, group: Group, collect: Collect, notices: Notices) -> None:
        self._group = group
        self._collect = collect
        self._notices = notices
        self._lock = Lock()
        self._has_left = False

    def round(self) -> None:
        """Publish; the first time only take a place: collecting runs callbacks of the host's.

        It may be at its imports still.
        """
        with self._lock:
            is_new = not (self._has_left or self._group.is_joined)
            if is_new:
                self._guarded(self._group.join)
        if not is_new:
            self.publish(_ROUND_S)

    def publish(self, timeout_s: float) -> bool:
        """Tell the others how things stand here; whether that was possible in time."""
        try:
            return self._published(timeout_s)[1]
        except ScrapeBusyError:
            return False

    def leave(self) -> None:
        """Give up the place in the group; one that is busy in a callback that hangs keeps it."""
        self._has_left = True
        if self._lock.acquire(timeout=_LEAVE_S):
            try:
                self._group.leave()
            finally:
                self._lock.release()

    def fill(self, page: FamilySet, timeout_s: float) -> None:
        """Put the families of all on a page.

        Those of this process are published first: a sibling that is scraped next must not tell less
        than this page does, for Prometheus takes a counter that falls for a restart.

        Raises:
            ScrapeBusyError: those of this process cannot be had in time, or it is at its end, or
                those of the others cannot be read.
        """
        own, _ = self._published(timeout_s)
        self._guarded(self._group.fold)
        others, ended = self._others()
        # From here on others may count this process among the ended, and it has no numbers itself.
        if self._has_left:
            raise ScrapeBusyError
        told: list[tuple[str, Iterable[Family]]] = [(self._group.name, own)]
        told += [(name, snapshot.families) for name, snapshot in others]
        add_target(page, [families for _, families in told])
        # The youngest first, whoever is asked: where two do not fit together, it is right.
        for name, families in sorted(told, key=itemgetter(0), reverse=True):
            add_all(page, families, process=process_of(name) or str(os.getpid()))
        add_all(page, ended.families)
        page.left_out.update(own.left_out)

    def after_fork_in_child(self) -> None:
        """Begin without a place: the parent's is the parent's."""
        self._lock = Lock()
        self._group.forget()

    def _published(self, timeout_s: float) -> tuple[FamilySet, bool]:
        if not self._lock.acquire(timeout=timeout_s):
            raise ScrapeBusyError
        try:
            families = self._collect(timeout_s)
            # Of a collection that failed, what was told before it is nearer to the truth.
            is_told = not (self._has_left or families.left_out["collect_failed"])
            return families, is_told and self._guarded(lambda: self._told(families))
        finally:
            self._lock.release()

    def _told(self, families: Iterable[Family]) -> None:
        if not self._group.is_joined:
            self._group.join()
        self._group.publish(families)

    def _others(self) -> tuple[list[tuple[str, Snapshot]], Snapshot]:
        try:
            return self._group.others()
        except OSError as error:
            self._notices.once(
                ("others", str(self._group.directory)),
                "Prometheus: the numbers of the other processes cannot be read now: %s",
                error,
            )
            if self._group.is_joined:  # a page of fewer would read as a restart of all
                raise ScrapeBusyError from error
            return [], Snapshot()

    def _guarded(self, step: Callable[[], None]) -> bool:
        try:
            step()
        except OSError as error:
            self._notices.once(
                ("sharing", str(self._group.directory)),
                "Prometheus: the numbers of this process cannot be put where its siblings find"
                " them: %s. They are only on a page of its own.",
                error,
            )
            return False
        return True

"""The pages of all services that share a directory, told by a process that is none of them."""

from __future__ import annotations

from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import unquote

from otel_forgesyte_prometheus.group import Group, process_of
from otel_forgesyte_prometheus.merging import add_all, add_target
from otel_forgesyte_prometheus.reader import ScrapeBusyError
from otel_forgesyte_prometheus.together import MARK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from otel_forgesyte_prometheus.families import FamilySet
    from otel_forgesyte_prometheus.reader import PrometheusReader

_SERVICE = "service_name"


class Gathering:
    """Adds to a reader's page what the processes of every service have published.

    Each series says of which service it is, since those of two may have the same labels. While this
    process lives, what ended ones have counted is remembered.
    """

    def __init__(self, reader: PrometheusReader, directory: Path) -> None:
        self._reader = reader
        self._directory = directory
        self._groups: dict[str, Group] = {}
        self._lock = Lock()

    def fill(self, page: FamilySet, timeout_s: float) -> None:
        """Put the families of all on a page, this process's first.

        Raises:
            ScrapeBusyError: those of this process cannot be had in time.
        """
        own = self._reader.families(timeout_s=timeout_s)
        add_target(page, [own])
        add_all(page, own)
        page.left_out.update(own.left_out)
        if not self._lock.acquire(timeout=timeout_s):
            raise ScrapeBusyError
        try:
            for name, group in self._found():
                self._add(page, name, group)
        finally:
            self._lock.release()

    def publish(self, timeout_s: float) -> bool:
        """True: nobody else tells the numbers of this process."""
        del timeout_s
        return True

    def leave(self) -> None:
        """Stop being among those for whom the ended are remembered."""
        with self._lock:
            for group in self._groups.values():
                group.leave()

    def _found(self) -> Iterator[tuple[str, Group]]:
        for path in sorted(self._directory.glob(f"*{MARK}*")):
            group = self._groups.get(path.name)
            if group is None:
                group = Group(path, self._reader.max_series, self._reader.notices)
                self._groups[path.name] = group
            with suppress(OSError):  # where it cannot be written to, it can be read
                if not group.is_joined:
                    group.join()
                group.fold()
            yield path.name, group

    def _add(self, page: FamilySet, name: str, group: Group) -> None:
        try:
            others, ended = group.others()
        except OSError as error:  # a service that is missing is no service that tells less
            self._reader.notices.once(
                ("group", name), "Prometheus: %s is left out, it cannot be read: %s", name, error
            )
            return
        also = ((_SERVICE, unquote(name.rpartition(MARK)[0])),)
        add_target(page, [snapshot.families for _, snapshot in others])
        for place, snapshot in others:
            add_all(page, snapshot.families, also, process_of(place))
        add_all(page, ended.families, also)

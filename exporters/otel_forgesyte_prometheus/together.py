"""A reader on an address, with the numbers of all processes that are told the same address.

    together = Together(reader, "127.0.0.1", 9464, Path("metrics"), "shop")

Port 0 is a free one for each process, which then tells its own numbers there and is found by its
file among ``metrics/targets-*.json``.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from otel_forgesyte_prometheus.forking import renew_in_children
from otel_forgesyte_prometheus.group import Group
from otel_forgesyte_prometheus.rounds import Rounds
from otel_forgesyte_prometheus.sharing import Sharing
from otel_forgesyte_prometheus.targets import TargetFile
from otel_forgesyte_prometheus.turns import Turn

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from otel_forgesyte_prometheus.reader import PrometheusReader

SERVING_LOCK: Final = "serving.lock"
MARK: Final = "@"


class Together:
    """Serves until `shutdown`, with its reader, or with the process; also in forked children.

    Args:
        directory: where processes find each other; made if need be, and nothing to clean up.
        service: processes of one service and port stand on one page.

    Attributes:
        error: why this process could not serve at first, if nobody else of the group does either.
            It goes on trying.

    Raises:
        ConfigError, ValueError: as for `start_server`.
    """

    def __init__(
        self, reader: PrometheusReader, host: str, port: int, directory: Path, service: str
    ) -> None:
        targets = TargetFile(directory, service, reader.notices)
        steps: list[Callable[[], object]] = []
        self._sharing: Sharing | None = None
        lock: Path | None = None
        if port:
            name = f"{quote(service, safe='')}{MARK}{port}"
            group = Group(directory / name, reader.max_series, reader.notices)
            try:
                group.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                reader.notices.once(
                    ("sharing", str(group.directory)),
                    "Prometheus: this process tells its own numbers only, for there is no directory"
                    " to share: %s. Name one with OTEL_EXPORTER_PROMETHEUS_SHARED_DIRECTORY.",
                    error,
                )
            else:
                lock = group.directory / SERVING_LOCK
                self._sharing = Sharing(group, partial(reader.families, ""), reader.notices)
                steps.append(self._sharing.round)
        reader.sharing = self._sharing  # first: the first answer must not be of this process alone
        self._turn = Turn(reader, host, port, lock, targets)
        self.error: OSError | None = None
        try:
            self._turn.take()
        except OSError as error:
            self.error = error
            self._turn.note_failure()
        reader.at_shutdown(self.shutdown)
        self._rounds = Rounds([*steps, self._turn.round])
        renew_in_children(self)

    @property
    def url(self) -> str | None:
        """Where this process serves, unless another one's turn it is."""
        return None if self._turn.server is None else self._turn.server.url

    def shutdown(self) -> None:
        """Serve no more, so that another process may. Twice is harmless."""
        self._rounds.stop()
        self._turn.shutdown()

    def after_fork_in_child(self) -> None:
        """Be a process of its own; the thread comes last, for it uses what is renewed."""
        self._turn.after_fork_in_child()
        if self._sharing is not None:
            self._sharing.after_fork_in_child()
        self._rounds.after_fork_in_child()

"""The serving process as a whole: a store that drains, and parts that start and stop with it."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from otel_forgesyte_schema.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from otel_forgesyte_duckdb import Settings
    from otel_forgesyte_duckdb.store import Store


class Part(Protocol):
    """Something that is served. It is started once, then stopped once, by the same thread."""

    def start(self, store: Store) -> str:
        """Begin, and return the line that tells a person where, such as a name and an address.

        Raises:
            TelemetryError: it cannot, and why; nothing is left running then.
        """
        ...

    def stop(self) -> None:
        """End: what has been promised to a client is in the store when this returns."""
        ...


class Keeper(Protocol):
    """Something that holds the file and drains while it is served, in this process's stead."""

    is_optional: bool
    """Whether to go on without it where it cannot begin."""

    def start(self, settings: Settings) -> str:
        """Begin, and return the line that tells a person where.

        Raises:
            ConfigError: it cannot, and why; nothing is left running then.
        """
        ...

    def stop(self) -> None:
        """End, after a last drain."""
        ...


def serve(
    settings: Settings,
    parts: Sequence[Part],
    announce: Callable[[str], None],
    wait: Callable[[], object],
    keeper: Keeper | None = None,
) -> None:
    """Drain the target's spool and run the parts until `wait` returns; then drain a last time.

    Raises:
        ConfigError: the target cannot be written to.
        TelemetryError: a part cannot start; those before it have been stopped.
    """
    with contextlib.ExitStack() as running:
        kept, line = _kept(settings, keeper, running)
        # A server that left draining to others would be of no use, whatever applications are told.
        drain = "external" if kept else "thread"
        store = running.enter_context(_draining(replace(settings, drain=drain)))
        announce(f"database {store.settings.target}, spool {store.settings.spool}")
        for part in parts:
            told = part.start(store)
            running.callback(part.stop)
            announce(told)
        if line:
            announce(line)
        wait()


def _kept(
    settings: Settings, keeper: Keeper | None, running: contextlib.ExitStack
) -> tuple[bool, str]:
    """Start the keeper, to be stopped after everything else, which leaves its last records."""
    if keeper is None:
        return False, ""
    try:
        line = keeper.start(settings)
    except ConfigError as error:
        if not keeper.is_optional:
            raise
        return False, f"no SQL over quack: {error}"
    running.callback(keeper.stop)
    return True, line


@contextlib.contextmanager
def _draining(settings: Settings) -> Generator[Store]:
    from otel_forgesyte_duckdb import stores  # the SDK with it: nothing other commands should load

    store = stores.acquire(settings)
    try:
        store.start()
        yield store
    finally:
        stores.release(store)

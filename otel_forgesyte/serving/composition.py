"""The serving process as a whole: a store that drains, and parts that start and stop with it."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

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


def serve(
    settings: Settings,
    parts: Sequence[Part],
    announce: Callable[[str], None],
    wait: Callable[[], object],
) -> None:
    """Drain the target's spool and run the parts until `wait` returns; then drain a last time.

    Raises:
        ConfigError: the target cannot be written to.
        TelemetryError: a part cannot start; those before it have been stopped.
    """
    # A server that left draining to others would be of no use, whatever applications here are told.
    with _draining(replace(settings, drain="thread")) as store, contextlib.ExitStack() as running:
        announce(f"database {store.settings.database_path}, spool {store.settings.spool}")
        for part in parts:
            line = part.start(store)
            running.callback(part.stop)
            announce(line)
        wait()


@contextlib.contextmanager
def _draining(settings: Settings) -> Generator[Store]:
    from otel_forgesyte_duckdb import stores  # the SDK with it: nothing other commands should load

    store = stores.acquire(settings)
    try:
        store.start()
        yield store
    finally:
        stores.release(store)

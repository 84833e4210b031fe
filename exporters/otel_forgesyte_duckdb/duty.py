"""Who moves what this process sealed into the database: it, a child of it, or somebody else.

A store has one of these at a time and asks the same of each, so that nothing else in it depends on
the mode. None of the methods raises.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Protocol

from otel_forgesyte_duckdb.child_drainer import ChildDrainer
from otel_forgesyte_duckdb.election import drainer_pid
from otel_forgesyte_duckdb.patience import PatientDrainer

if TYPE_CHECKING:
    from collections.abc import Callable

    from otel_forgesyte_duckdb.settings import Settings


class Duty(Protocol):
    """Used by the store's thread, and by others only where that thread has ended."""

    def attend(self, deadline: float) -> None:
        """See to it that what is sealed gets on its way; called once an interval."""
        ...

    def hurry(self) -> None:
        """Let the next `attend` wait for nothing: somebody waits for the records."""
        ...

    def finish(self, deadline: float, is_done: Callable[[], bool]) -> object:
        """Get stored what was sealed, as far as the time reaches (`time.monotonic`)."""
        ...

    def interrupt(self) -> None:
        """Make an `attend` or `finish` of another thread return soon."""
        ...

    def close(self, deadline: float) -> None:
        """Leave the spool to others."""
        ...

    def abandon(self) -> None:
        """Let go, in a forked child, of what is its parent's."""
        ...

    def is_nobodys(self) -> bool:
        """Tell whether it is certain that nobody drains now."""
        ...


class OthersDuty:
    """Another process drains: `otel-forgesyte serve`, or whoever else has been elected."""

    def __init__(self, settings: Settings) -> None:
        self._spool = settings.spool

    def attend(self, deadline: float) -> None:
        """Nothing."""

    def hurry(self) -> None:
        """Nothing: the other one has its own pace."""

    def finish(self, deadline: float, is_done: Callable[[], bool]) -> object:
        """Nothing: an end must not wait for other processes."""

    def interrupt(self) -> None:
        """Nothing."""

    def close(self, deadline: float) -> None:
        """Nothing."""

    def abandon(self) -> None:
        """Nothing."""

    def is_nobodys(self) -> bool:
        """Tell whether it is certain that nobody drains now."""
        with contextlib.suppress(OSError, ValueError):
            return drainer_pid(self._spool) is None
        return False  # cannot be told now: worth waiting for


def duty_of(settings: Settings, *, may_drain: bool = True) -> Duty:
    """Return the duty that the settings name; `may_drain` False: DuckDB must not be used here."""
    # DuckDB 1.5.5's connection to PostgreSQL can abort the whole process when the server goes away
    # (an exception in a destructor, met in tests): never the application's own.
    is_risky = settings.lake is not None and settings.lake.is_served
    if settings.drain == "child" or (settings.drain == "thread" and is_risky):
        return ChildDrainer(settings)
    if settings.drain == "thread" and may_drain:
        return PatientDrainer(settings)
    return OthersDuty(settings)

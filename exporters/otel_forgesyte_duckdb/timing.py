"""How long exports and drains took, told to whoever reports it; to nobody, at no cost, by default.

A histogram is the one instrument that cannot be read from a counter afterwards.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Generator


EXPORT = "export"
DRAIN = "drain"


class Listener(Protocol):
    """Is told of each duration, on the thread that measured it; must not raise."""

    def __call__(self, what: str, component: str, seconds: float, error: str, /) -> None:
        """Take one duration: `EXPORT` or `DRAIN`, by whom, and what kind of error ended it."""
        ...


listeners: list[Listener] = []


def tell(what: str, component: str, seconds: float, error: str = "") -> None:
    """Tell every listener that something has ended."""
    for listener in tuple(listeners):
        listener(what, component, seconds, error)


@contextlib.contextmanager
def timed(what: str, component: str) -> Generator[None]:
    """Tell how long the block took, and the class of the exception that left it."""
    begin = time.perf_counter()
    error = ""
    try:
        yield
    except BaseException as raised:
        error = type(raised).__qualname__
        raise
    finally:
        tell(what, component, time.perf_counter() - begin, error)

"""Repeating an answer until Ctrl-C."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from otel_forgesyte.cli import output

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["repeat"]


def repeat(show: Callable[[], None], interval_s: float) -> None:
    """Show the answer every so many seconds; Ctrl-C is how a watch ends, so it ends well.

    A terminal is cleared each time; a pipe gets one answer after the other.
    """
    try:
        while True:
            output.clear()
            show()
            output.flush()
            time.sleep(interval_s)
    except KeyboardInterrupt:
        return

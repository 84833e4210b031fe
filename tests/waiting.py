"""Waiting for another process, and ports that nobody listens on."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_BETWEEN_S = 0.05


def wait_for(question: Callable[[], Any], what: str = "it", patience_s: float = 30.0) -> Any:
    """Return the first answer that is true; a server that is not there yet has none.

    Raises:
        AssertionError: there was none in time; says what was waited for.
    """
    deadline = time.monotonic() + patience_s
    trouble: OSError | None = None
    while time.monotonic() < deadline:
        try:
            if answer := question():
                return answer
        except OSError as error:
            trouble = error
        time.sleep(_BETWEEN_S)
    raise AssertionError(f"waited {patience_s:g} s for {what}") from trouble


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

"""What went wrong in telemetry: counted by place, said once, never raised.

A decorator that loses a measurement must not be silent about it, and must not fill the log either:
the first failure at a place is one warning, the others only count.
"""

from __future__ import annotations

import logging
import os
import threading

_logger = logging.getLogger("otel_forgesyte")
# Re-entrant: a signal handler may fail while the thread it interrupted is counting.
_lock = threading.RLock()
_counts: dict[str, int] = {}


def failed(place: str, error: BaseException) -> None:
    """Count one failure at `place`; the first one there is also logged as a warning.

    Raises nothing, whatever the host's logging does. Safe from any thread.
    """
    with _lock:
        _counts[place] = count = _counts.get(place, 0) + 1
    if count > 1:
        return
    try:
        _logger.warning(
            "telemetry failed at %s and went on without: %s (said once; later ones are counted)",
            place,
            _describe(error),
        )
    except Exception:  # noqa: BLE001 - a broken logging handler is the host's; the count stands
        with _lock:
            _counts["logging"] = _counts.get("logging", 0) + 1


def failures() -> dict[str, int]:
    """How often telemetry failed in this process, by place; empty when all went well."""
    with _lock:
        return dict(_counts)


def forget_failures() -> None:
    """Start counting anew, so that the next failure at each place is logged again; for tests."""
    with _lock:
        _counts.clear()


def _unlock() -> None:
    # A forked child has only the thread that forked; another one may have held the lock.
    global _lock  # noqa: PLW0603 - one lock per process
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlock)


def _describe(error: BaseException) -> str:
    try:
        return f"{type(error).__qualname__}: {error}"[:500]
    except Exception:  # noqa: BLE001 - an error whose own __str__ raises still has a type
        return type(error).__qualname__

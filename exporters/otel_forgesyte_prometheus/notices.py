"""Log lines that are said once: a scrape comes every few seconds, its faults come with it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Hashable

_LOGGER: Final = logging.getLogger("otel_forgesyte_prometheus")
_MAX_REMEMBERED: Final = 1_000


class Notices:
    """Remembers what was said. At its limit it says nothing new, rather than grow."""

    __slots__ = ("_said",)

    def __init__(self) -> None:
        self._said: set[Hashable] = set()

    def once(self, key: Hashable, message: str, *values: object) -> None:
        """Log ``message`` as a warning, the first time that ``key`` is given."""
        if key in self._said or len(self._said) >= _MAX_REMEMBERED:
            return
        self._said.add(key)
        _LOGGER.warning(message, *values)

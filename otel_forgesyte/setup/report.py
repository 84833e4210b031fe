"""What became of each part of the set-up: one line in the log for a failure, and the rest goes on.

The SDK's own set-up stops at the first failure and leaves what came before it half configured: a
second process that found port 9464 taken kept its traces and silently lost metrics and logs.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_logger = logging.getLogger(__name__)

Made = TypeVar("Made")
P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the set-up, such as `traces: duckdb`.

    Attributes:
        name: the signal and what serves it.
        works: whether it was set up.
        detail: where it delivers, or why it does not.
    """

    name: str
    works: bool
    detail: str = ""


class Report:
    """Collects the parts in the order in which they were set up."""

    def __init__(self) -> None:
        self._parts: list[Part] = []

    @property
    def parts(self) -> tuple[Part, ...]:
        """Every part so far."""
        return tuple(self._parts)

    def works(self, name: str, detail: str = "") -> None:
        """Notes a part that was set up."""
        self._parts.append(Part(name, works=True, detail=detail))

    def attempt(
        self, name: str, make: Callable[P, Made], *args: P.args, **kwargs: P.kwargs
    ) -> Made | None:
        """What `make` returns; None when it raised: one part's failure is never another's."""
        try:
            return make(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - an exporter's constructor may raise anything
            self.failed(name, error)
            return None

    def failed(self, name: str, reason: object) -> None:
        """Notes a part that was not, and logs it in one line."""
        text = str(reason).strip() or repr(reason)
        detail = text.splitlines()[0]
        is_new = all(part.works or part.detail != detail for part in self._parts)
        self._parts.append(Part(name, works=False, detail=detail))
        if is_new:  # one directory that cannot be written costs three signals, and one line
            _logger.error("%s is not set up: %s; the rest goes on", name, detail)

"""What a forked child must not share with its parent is renewed in the child."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Final, Protocol
from weakref import WeakSet


class Forkable(Protocol):
    """Something that holds a lock or a socket across a fork."""

    def after_fork_in_child(self) -> None:
        """Let go of what belongs to the parent."""
        ...


_HELD: Final[WeakSet[Forkable]] = WeakSet()


def renew_in_children(held: Forkable) -> None:
    """Call ``held.after_fork_in_child()`` in every child forked while ``held`` lives."""
    _HELD.add(held)
    _register()


@lru_cache(maxsize=1)
def _register() -> None:
    # A hook cannot be taken back: one for all, and none before it is needed.
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_renew)


def _renew() -> None:
    for held in tuple(_HELD):
        held.after_fork_in_child()

"""Passwords against their bcrypt hashes, in a time that does not tell which names there are."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING, Final

from otel_forgesyte_prometheus.forking import renew_in_children
from otel_forgesyte_schema.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# What bcrypt looks at. The library raises for more; others have always cut, so hashes rely on it.
_MOST_BYTES: Final = 72
_REMEMBERED: Final = 100
# Half of the connections that the server answers at once: the other half is for who is known.
_MOST_WAITING: Final = 4


class ManyGuessesError(Exception):
    """So many passwords wait to be checked that this one is not."""


class Passwords:
    """Users and their hashes. Safe from any thread.

    A right pair is remembered as a keyed digest, since bcrypt takes 70 ms at a cost of 10 and a
    scrape comes every few seconds. Wrong ones are not, and are checked one at a time, with a few
    waiting: a flood of guesses costs one processor, no memory, and not the scrapes of who is known.

    Raises:
        ConfigError: the library that checks bcrypt is not installed.
    """

    def __init__(self, users: Mapping[str, bytes]) -> None:
        self._users = dict(users)
        self._hashes: Final = sorted(users.values())
        self._key: Final = secrets.token_bytes(32)
        self._right: set[bytes] = set()
        self._checks = _bcrypt()
        self.after_fork_in_child()
        renew_in_children(self)

    def match(self, user: str, password: bytes) -> bool:
        """Whether this is the user's password.

        Raises:
            ManyGuessesError: others are being checked, and enough wait behind them.
        """
        hashed = self._users.get(user)
        # Somebody else's hash takes the time that a wrong password would; the same one each time.
        against = self._decoy(user) if hashed is None else hashed
        pair = self._digest(user.encode("utf-8", "replace"), against, password)
        if pair in self._right:
            return True
        waiting = self._waiting  # a fork in between makes another one
        if not waiting.acquire(blocking=False):
            raise ManyGuessesError
        try:
            with self._one_at_a_time:
                is_same = self._checks(password[:_MOST_BYTES], against)
        finally:
            waiting.release()
        if hashed is None or not is_same:
            return False
        if len(self._right) < _REMEMBERED:
            self._right.add(pair)
        return True

    def after_fork_in_child(self) -> None:
        """Renew the locks, which threads of the parent may have held."""
        self._one_at_a_time = Lock()
        self._waiting = BoundedSemaphore(_MOST_WAITING)

    def _decoy(self, user: str) -> bytes:
        digest = self._digest(user.encode("utf-8", "replace"))
        return self._hashes[int.from_bytes(digest[:8], "big") % len(self._hashes)]

    def _digest(self, *parts: bytes) -> bytes:
        text = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
        return hmac.new(self._key, text, hashlib.sha256).digest()


def _bcrypt() -> Callable[[bytes, bytes], bool]:
    try:
        import bcrypt
    except ImportError:
        raise ConfigError(
            "basic_auth_users needs a package that is not installed:"
            " pip install 'otel-forgesyte[web]'"
        ) from None
    return bcrypt.checkpw

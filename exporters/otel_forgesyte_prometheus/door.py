"""Who may scrape, and over which TLS: what a web configuration and a token file say now."""

from __future__ import annotations

import base64
import binascii
import hmac
import logging
import os
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

from otel_forgesyte_prometheus.forking import renew_in_children
from otel_forgesyte_prometheus.passwords import Passwords
from otel_forgesyte_prometheus.tls import server_context
from otel_forgesyte_prometheus.web_config import WebConfig, read_web_config
from otel_forgesyte_schema.errors import ConfigError

if TYPE_CHECKING:
    import ssl

    from otel_forgesyte_prometheus.web_config import Rate

WEB_CONFIG_VARIABLE: Final = "OTEL_EXPORTER_PROMETHEUS_WEB_CONFIG_FILE"
TOKEN_FILE_VARIABLE: Final = "OTEL_EXPORTER_PROMETHEUS_TOKEN_FILE"  # noqa: S105 - its name, not a token

_LOGGER: Final = logging.getLogger("otel_forgesyte_prometheus")
_State = tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class Rules:
    """What the files said when they were last read and understood."""

    token: bytes | None = field(default=None, repr=False)
    passwords: Passwords | None = field(default=None, repr=False)
    context: ssl.SSLContext | None = None
    client_names: frozenset[str] = frozenset()
    headers: tuple[tuple[str, str], ...] = ()
    rate: Rate | None = None

    @property
    def challenges(self) -> tuple[tuple[str, str], ...]:
        """What a client without credentials is told to bring; nothing where none are asked for."""
        asked = [("Basic", self.passwords), ("Bearer", self.token)]
        return tuple(
            ("WWW-Authenticate", f'{word} realm="metrics"') for word, of in asked if of is not None
        )

    def admit(self, authorization: str) -> bool:
        """Whether a request with this ``Authorization`` header may come in.

        Takes as long as bcrypt does: not for an event loop.

        Raises:
            ManyGuessesError: too many others are guessing at this moment.
        """
        if self.token is None and self.passwords is None:
            return True
        scheme, _, given = authorization.strip().partition(" ")
        if scheme.lower() == "bearer" and self.token is not None:
            # Its time tells nothing of the token; as bytes, since it takes no text beyond ASCII.
            return hmac.compare_digest(given.strip().encode("utf-8", "replace"), self.token)
        if scheme.lower() == "basic" and self.passwords is not None:
            user, found, password = _decoded(given).partition(b":")
            return bool(found) and self.passwords.match(user.decode("utf-8", "replace"), password)
        return False


class Door:
    """The rules of one endpoint, read again when a file of theirs has changed.

    What cannot be understood at the start is refused. Later, the last rules that could be hold on,
    and one line says why: a certificate and its key are seldom replaced in the same instant.

    Raises:
        ConfigError: a file cannot be read or understood; says which, and what to do.
    """

    def __init__(
        self,
        web_config: Path | None = None,
        token_file: Path | None = None,
        *,
        token: str | None = None,
    ) -> None:
        self._web_config = web_config
        self._token_file = token_file
        self._token = None if token is None else token.encode()
        self._read_as: dict[Path, _State] = {}
        self._lock = Lock()
        self._rules = self._read()
        self._pace = _Pace(self._rules.rate) if self._rules.rate is not None else None
        renew_in_children(self)

    @classmethod
    def resolve(
        cls,
        web_config: str | os.PathLike[str] | None = None,
        token_file: str | os.PathLike[str] | None = None,
        *,
        token: str | None = None,
    ) -> Door:
        """The door of these files, else of those that the environment names, else an open one.

        ``token`` counts where there is no token file.

        Raises:
            ConfigError: as for the class.
        """
        files = _path(web_config, WEB_CONFIG_VARIABLE), _path(token_file, TOKEN_FILE_VARIABLE)
        return cls(*files, token=token)

    @classmethod
    def shut(cls) -> Door:
        """A door that lets nobody in: for what was to have one that cannot be had."""
        return cls(token=secrets.token_urlsafe(32))

    @property
    def uses_tls(self) -> bool:
        """Whether connections are encrypted; fixed when the endpoint is set up."""
        return self._rules.context is not None

    @property
    def asks(self) -> bool:
        """Whether a client must bring anything: a password, a token or a certificate."""
        rules = self.rules()
        has_clients = rules.context is not None and bool(rules.context.verify_mode)
        return bool(rules.challenges) or has_clients

    def rules(self) -> Rules:
        """The rules as the files say now. A look at a handful of files' times, when unchanged."""
        has_changed = any(_state(path) != state for path, state in self._read_as.items())
        if has_changed and self._lock.acquire(blocking=False):  # whoever comes second goes on
            try:
                self._read_again()
            finally:
                self._lock.release()
        return self._rules

    def allows_now(self) -> bool:
        """Whether the configured rate allows one more request at this moment."""
        return self._pace is None or self._pace.allows()

    def after_fork_in_child(self) -> None:
        """Renew the lock, which a thread of the parent may have held."""
        self._lock = Lock()

    def _read_again(self) -> None:
        try:
            rules = self._read()
            if (rules.context is None) is self.uses_tls:
                raise ConfigError("TLS cannot be switched on or off without a restart")  # noqa: TRY301 - one place to say so
        except ConfigError as error:
            _LOGGER.error("Prometheus: %s; the rules from before hold on", error)  # noqa: TRY400 - one line, no traceback
        else:
            self._rules = rules
            _LOGGER.info("Prometheus: the files that say who may scrape were read again")

    def _read(self) -> Rules:
        # Looked at before it is read: a file that changes meanwhile is read again. And noted also
        # where what follows fails, so that one line is said of one state.
        self._read_as = noted = dict[Path, _State]()
        token = self._token
        web = WebConfig()
        if self._token_file is not None:
            noted[self._token_file] = _state(self._token_file)
            token = _token_in(self._token_file)
        if self._web_config is not None:
            noted[self._web_config] = _state(self._web_config)
            web = read_web_config(self._web_config)
        tls = web.tls
        noted |= {path: _state(path) for path in (() if tls is None else tls.files)}
        return Rules(
            token=token,
            passwords=Passwords(web.users) if web.users else None,
            context=None if tls is None else server_context(tls),
            client_names=frozenset() if tls is None else tls.client_names,
            headers=web.headers,
            rate=web.rate,
        )


class _Pace:
    """A bucket of permissions that fills at a steady rate."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._left = float(rate.burst)
        self._at = time.monotonic()
        self._lock = Lock()
        renew_in_children(self)

    def allows(self) -> bool:
        with self._lock:
            now = time.monotonic()
            grown = self._left + (now - self._at) / self._rate.interval_s
            self._left = min(float(self._rate.burst), grown)
            self._at = now
            if self._left < 1:
                return False
            self._left -= 1
            return True

    def after_fork_in_child(self) -> None:
        self._lock = Lock()


def _state(path: Path) -> _State:
    """What tells that a file is another one; of a link's target, since Kubernetes swaps links."""
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)


def _path(given: str | os.PathLike[str] | None, variable: str) -> Path | None:
    name = os.environ.get(variable, "").strip() if given is None else os.fspath(given)
    # Absolute, because a server that changes its directory later must find it again.
    return Path(name).absolute() if name else None


def _token_in(path: Path) -> bytes:
    try:
        token = path.read_bytes().strip()
    except OSError as error:
        raise ConfigError(f"cannot read the token file {path}: {error.strerror}") from None
    if not token or not token.isascii() or len(token.split()) > 1:
        raise ConfigError(f"the token file {path} holds no token: one word of ASCII characters")
    return token


def _decoded(credentials: str) -> bytes:
    try:
        return base64.b64decode(credentials.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""

"""Who may come in: everybody on this machine, or whoever brings the token."""

from __future__ import annotations

import hmac
import ipaddress
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from otel_forgesyte_schema.errors import ConfigError

TOKEN_VARIABLE = "OTEL_EXPORTER_DUCKDB_TOKEN"  # noqa: S105 - its name, not a token
TOKEN_FILE_VARIABLE = f"{TOKEN_VARIABLE}_FILE"
LOOPBACK = "127.0.0.1"
_SCHEME = "bearer"


@dataclass(frozen=True, slots=True)
class Access:
    """Where the parts listen, and the token they ask for; None asks for none."""

    host: str = LOOPBACK
    token: str | None = field(default=None, repr=False)  # never in a log or a traceback

    @classmethod
    def resolve(cls, host: str = LOOPBACK, token_file: Path | None = None) -> Access:
        """Return the access for a host, with the token of the file or else of the environment.

        Raises:
            ConfigError: the file holds no token, or a host that others reach would have none.
        """
        token = _token_in(token_file) if token_file else _token_in_environment()
        if token is None and not is_loopback(host):
            raise ConfigError(
                f"{host} can be reached from other machines, and anybody there could write: "
                f"set {TOKEN_VARIABLE} or give --token-file, or listen on {LOOPBACK}"
            )
        return cls(host, token)

    def allows(self, authorization: str) -> bool:
        """Tell whether a request with this `Authorization` header may come in."""
        if self.token is None:
            return True
        scheme, _, given = authorization.partition(" ")
        # As bytes: compare_digest takes no text beyond ASCII. Its time tells nothing of the token.
        same = hmac.compare_digest(given.strip().encode("latin-1", "replace"), self.token.encode())
        return same and scheme.lower() == _SCHEME


def given_token(token_file: Path | None = None) -> str | None:
    """Return the token of the file, else of the environment, else of the file named there.

    Raises:
        ConfigError: the file holds no token, or what is given is none.
    """
    if token_file is not None:
        return _token_in(token_file)
    token = _understood(os.environ.get(TOKEN_VARIABLE, ""), f"variable {TOKEN_VARIABLE}")
    named = os.environ.get(TOKEN_FILE_VARIABLE, "").strip()
    return token or (_token_in(Path(named)) if named else None)


def token_kept_in(path: Path) -> str:
    """Return the token in a file of ours, or a new one that `keep_token` can put there."""
    return _token_in(path) if path.exists() else secrets.token_urlsafe(32)


def keep_token(path: Path, token: str) -> None:
    """Put a token where its owner alone can read it, unless it is there.

    Raises:
        ConfigError: it cannot be put there.
    """
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(token + "\n")
    except FileExistsError:
        return
    except OSError as error:
        raise ConfigError(f"cannot make the token file {path}: {error.strerror}") from error


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches the host; of names, only `localhost` is known to."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _token_in_environment() -> str | None:
    return _understood(os.environ.get(TOKEN_VARIABLE, ""), f"variable {TOKEN_VARIABLE}")


def _token_in(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigError(f"cannot read the token file {path}: {why}") from error
    token = _understood(text, f"token file {path}")
    if token is None:
        raise ConfigError(f"the token file {path} is empty; write a token into it")
    return token


def _understood(text: str, source: str) -> str | None:
    token = text.strip()
    if not token.isascii() or len(token.split()) > 1:
        raise ConfigError(f"the {source} is no token: give one word of ASCII characters")
    return token or None

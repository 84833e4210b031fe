"""A server that owns the database, asked over quack: each question runs there, its answer here."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from otel_forgesyte.reading.instance import CONFIG
from otel_forgesyte.reading.values_in_sql import with_values
from otel_forgesyte.reading.versions import accepted_version
from otel_forgesyte_schema.errors import ConfigError, TelemetryError

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from duckdb import DuckDBPyConnection, DuckDBPyRelation

__all__ = [
    "OtherVersion",
    "QuestionRefused",
    "ServerSession",
    "ServerUnreachable",
    "TokenRefused",
    "is_server",
]

SCHEME = "quack:"
_ASK = "FROM quack_query($uri, $sql, token = $token)"
_KEEP = f"CREATE TEMP TABLE answer AS {_ASK}"
_VERSION = "SELECT max(version) FROM otel.schema_version"
_RETRY_S = 0.1
# A server that ended a question, or was started again, answers after one or two seconds.
_RESTARTING_S = 5.0
_GONE = ("Failed to send message", "Invalid connection id", "Database was closed")
_OTHER_VERSION = ("Unsupported Quack version", "supported_quack_version", "eserializ")
_NO_ADDRESS = ("Invalid Port", "Missing hostname")

_client: tuple[int, DuckDBPyConnection] | None = None
_client_lock = threading.Lock()


class ServerUnreachable(TelemetryError):  # noqa: N818 - reads as the fact it states
    """Nobody answers at the address; the message says what to look at."""


class OtherVersion(ServerUnreachable):
    """Whoever answers there speaks a quack that this DuckDB does not; the message says which."""


class TokenRefused(ConfigError):  # noqa: N818 - reads as the fact it states
    """There is no token, or not the one that the server has."""


class QuestionRefused(ConfigError):  # noqa: N818 - reads as the fact it states
    """The server answers no such statement."""


def is_server(database: object) -> bool:
    """Whether a database setting is the address of a server."""
    return isinstance(database, str) and database.startswith(SCHEME)


@dataclass(frozen=True, slots=True)
class ServerSession:
    """How questions reach one server; nothing is open between them, so it may be restarted."""

    uri: str
    timeout_s: float
    token: str = field(repr=False)  # never in a log or a traceback

    def close(self) -> None:
        """Nothing is kept: a relation holds its own answer."""

    @classmethod
    def resolve(cls, uri: str, timeout_s: float) -> ServerSession:
        """The session for an address, with the token of the environment or of the file it names.

        Raises:
            TokenRefused: there is none.
            ConfigError: what is given is none, or a proxy would see it.
        """
        from otel_forgesyte.serving.access import TOKEN_FILE_VARIABLE, TOKEN_VARIABLE, given_token

        token = given_token()
        if token is None:
            raise TokenRefused(
                f"{uri} asks for a token: set {TOKEN_VARIABLE} to it, or {TOKEN_FILE_VARIABLE} to "
                "the file that `otel-forgesyte serve` names when it starts"
            )
        _keep_from_proxies(uri)
        return cls(uri, timeout_s, token)

    def answer(
        self,
        sql: str,
        params: Sequence[Any] | Mapping[str, Any] | None,
        *,
        any_version: bool = False,
    ) -> DuckDBPyRelation:
        """Run the SQL on the server and return a relation over the rows, which are here then."""
        if not any_version:
            self.version()
        return self._asked(_KEEP, sql, params).table("temp.answer")

    @contextlib.contextmanager
    def open(self, *, any_version: bool = False) -> Generator[ServerSession]:
        """Yield what several questions can be put to."""
        if not any_version:
            self.version()
        yield self

    def execute(
        self, sql: str, params: Sequence[Any] | Mapping[str, Any] | None = None
    ) -> DuckDBPyConnection:
        """Run one SELECT on the server; its rows are fetched from what is returned."""
        return self._asked(_ASK, sql, params)

    def version(self) -> int:
        """The schema version of the server's database, which is this package's own.

        Raises:
            SchemaMismatch: it is another one.
        """
        [[found]] = self.execute(_VERSION).fetchall()
        return accepted_version(found, self.uri)

    def _asked(
        self, how: str, sql: str, params: Sequence[Any] | Mapping[str, Any] | None
    ) -> DuckDBPyConnection:
        import duckdb

        cursor = _own_cursor()
        values = {"uri": self.uri, "token": self.token, "sql": with_values(cursor, sql, params)}
        deadline = time.monotonic() + min(self.timeout_s, _RESTARTING_S)
        while True:
            try:
                return cursor.execute(how, values)
            except duckdb.Error as error:
                if not _is_gone(error) or time.monotonic() >= deadline:
                    raise _explained(self.uri, error) from None
            time.sleep(_RETRY_S)


def _keep_from_proxies(uri: str) -> None:
    """Refuse to ask this machine through a proxy: DuckDB would, unencrypted, token and all."""
    from urllib.request import getproxies_environment, proxy_bypass

    from otel_forgesyte.serving.access import is_loopback

    host = uri.removeprefix(SCHEME)
    if not is_loopback(host):  # without a port
        host = host.rpartition(":")[0].strip("[]")
    named = {"http", "https", "all"} & getproxies_environment().keys()
    if named and is_loopback(host) and not proxy_bypass(host):
        raise ConfigError(
            f"DuckDB would ask {uri} through the proxy that the variable {min(named).upper()}_PROXY"
            f" names, which would see the token: set NO_PROXY={host}"
        )


def _own_cursor() -> DuckDBPyConnection:
    """A cursor of this process's client: loading quack takes half a second, and once is enough."""
    global _client  # noqa: PLW0603 - one per process by nature
    import duckdb

    from otel_forgesyte_duckdb.extensions import load_extension

    with _client_lock:
        if _client is None or _client[0] != os.getpid():  # a fork does not bring DuckDB's threads
            connection = duckdb.connect(config=CONFIG)
            for name in ("quack", "httpfs"):
                load_extension(connection, name)
            _client = (os.getpid(), connection)
        return _client[1].cursor()


def _is_gone(error: Exception) -> bool:
    return any(sign in str(error) for sign in _GONE)


def _explained(uri: str, error: Exception) -> Exception:
    # What follows is the statement that this module wrote around the question.
    said = str(error).split("\n\nLINE 1: ")[0]
    if "Authentication failed" in said:
        return TokenRefused(
            f"{uri} does not know this token: it must be the one of its `otel-forgesyte serve`, in "
            "OTEL_EXPORTER_DUCKDB_TOKEN or the file that OTEL_EXPORTER_DUCKDB_TOKEN_FILE names"
        )
    if "Authorization failed" in said:
        return QuestionRefused(
            f"{uri} answers one SELECT at a time over its tables and views, and nothing that "
            "changes it or reads anything else; see docs/serving.md"
        )
    if any(sign in said for sign in _OTHER_VERSION):
        return OtherVersion(
            f"{uri} speaks another version of quack, or something else ({said}): DuckDB "
            "1.5 and 2.0 do not understand each other; install the DuckDB that the server has"
        )
    if any(sign in said for sign in _NO_ADDRESS):
        return ConfigError(
            f"{uri!r} is not the address of a server: give quack:HOST:PORT, as quack:127.0.0.1:9494"
        )
    if _is_gone(error):
        return ServerUnreachable(
            f"nobody answers at {uri}: is `otel-forgesyte serve` running there? ({said})"
        )
    return type(error)(said)

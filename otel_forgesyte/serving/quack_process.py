"""The process that holds the file while it is served: it drains the spool and answers over quack.

It is apart from the one that takes in OTLP, because nothing can end a question that runs inside
DuckDB 1.5: where a question takes too long, this process ends, and its parent starts another one.
Writers notice nothing, since they write to the spool, and readers ask again.

Its first line of standard input tells it what to do; the end of it tells it to end. It tells one
line: where it answers, or why it cannot.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import sys
import time
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import duckdb

from otel_forgesyte_duckdb import Settings
from otel_forgesyte_duckdb.drain_process import Parent
from otel_forgesyte_duckdb.held import HeldDestination
from otel_forgesyte_duckdb.patience import PatientDrainer
from otel_forgesyte_schema.errors import ConfigError, TelemetryError

if TYPE_CHECKING:
    from collections.abc import Callable

EXTENSIONS = ("quack", "httpfs")  # quack takes its random numbers from httpfs
_GUARD = "otel_forgesyte_may_ask"
_SERVE = "CALL quack_serve(?, token = ?, allow_other_hostname = ?)"
_LOCK = "SET lock_configuration = true"
# Of sessions whose client was killed half-way through an answer, too: nothing else ends those.
_OVERDUE = """
SELECT
    count(*) FILTER (
        state = 'active' AND epoch_us(now()) - epoch_us(query_started_at) > 1e6 * $1
    ),
    count(*)
FROM quack_active_connections()
"""
_MOST_SESSIONS = 1000  # of clients that never said goodbye; about 100 kB each
_SLICE_S = 1.0
_PORT_PATIENCE_S = 5.0
_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Serving:
    """Where questions are answered, of whom, and for how long one may take."""

    host: str
    port: int
    token: str
    allow_other_hosts: bool
    allow_writes: bool
    question_timeout_s: float

    @property
    def uri(self) -> str:
        """The address as a client writes it."""
        return f"quack:{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def main(
    settings: dict[str, Any], parent: int, serving: dict[str, Any], path: object = None
) -> int:
    """Hold, drain and answer until the parent ends; return the exit status."""
    del path
    for number in (signal.SIGINT, signal.SIGTERM):  # for the parent, which then tells this one
        signal.signal(number, signal.SIG_IGN)
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(name)s[%(process)d]: %(message)s"
    )
    own, what = Settings(**settings), Serving(**serving)
    try:
        held = HeldDestination(own, EXTENSIONS)
        _serve(held, what)
    except (TelemetryError, duckdb.Error) as error:
        _tell({"error": str(error)})
        return 1
    _tell({"uri": what.uri})
    is_well = _drain_for(Parent(parent), own, held, what)
    # A question that still runs would keep the interpreter from its end.
    logging.shutdown()
    os._exit(0 if is_well else 1)


def _serve(held: HeldDestination, what: Serving) -> None:
    connection = held.connection
    if not what.allow_writes:
        guard = files("otel_forgesyte.serving") / "may_ask.sql"
        connection.execute(guard.read_text(encoding="utf-8"))
        connection.execute(f"SET GLOBAL quack_authorization_function = '{_GUARD}'")
    _wait_for_port(what)
    connection.execute(_SERVE, [what.uri, what.token, what.allow_other_hosts]).fetchall()
    connection.execute(_LOCK)


def _wait_for_port(what: Serving) -> None:
    """Make sure that nobody else listens there: quack would share the port with another server.

    By asking for an answer, not by listening for a moment: quack's own connections of before keep
    the port from everybody but quack for a minute.
    """
    deadline = time.monotonic() + _PORT_PATIENCE_S  # one that was killed may still be ending
    while True:
        try:
            socket.create_connection((what.host, what.port), _POLL_S).close()
        except OSError:
            return
        if time.monotonic() >= deadline:
            raise ConfigError(
                f"cannot listen on {what.host}:{what.port}: another process listens there; choose "
                "another address with --quack"
            )
        time.sleep(_POLL_S)


def _drain_for(parent: Parent, settings: Settings, held: HeldDestination, what: Serving) -> bool:
    """Drain until the parent ends, and then what is left; False: this process is of no more use."""
    drainer = PatientDrainer(settings, held)
    is_overdue = _watch(held, what)
    while parent.is_there():
        drainer.attend(time.monotonic() + _SLICE_S)
        if held.is_lost or is_overdue():
            return False
        if parent.waits(min(settings.flush_interval_s, _SLICE_S)):
            drainer.hurry()
    drainer.finish(time.monotonic() + settings.shutdown_timeout_s)
    drainer.close(0.0)
    held.close()
    return True


def _watch(held: HeldDestination, what: Serving) -> Callable[[], bool]:
    """Return what tells whether a question takes too long, or too many clients were left."""
    cursor = held.connection.cursor()

    def is_overdue() -> bool:
        row = cursor.execute(_OVERDUE, [what.question_timeout_s]).fetchone()
        overdue, sessions = row or (0, 0)
        return bool(overdue) or sessions > _MOST_SESSIONS

    return is_overdue


def _tell(what: dict[str, str]) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")

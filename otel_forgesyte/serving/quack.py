"""SQL over quack: the process that holds the file, started again whenever it has ended."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import select
import socket
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, cast

from otel_forgesyte.serving.access import LOOPBACK, is_loopback, keep_token, token_kept_in
from otel_forgesyte_schema.errors import ConfigError

if TYPE_CHECKING:
    import io

    from otel_forgesyte_duckdb import Settings

DEFAULT_PORT = 9494
_LEAST_TOKEN = 8
_STARTING_S = 40.0
_STARTING_OPTIONALLY_S = 10.0  # asking for the extension may take long where no network answers
_ENDING_S = 15.0
_PAUSES_S = (0.1, 10.0)
_WORKED_S = 30.0
_START = """
import json, sys
told = json.loads(sys.stdin.readline())
sys.path[:] = told.pop("path")
from otel_forgesyte.serving.quack_process import main
sys.exit(main(**told))
"""
_logger = logging.getLogger(__name__)


class QuackUnavailable(ConfigError):  # noqa: N818 - reads as the fact it states
    """Nothing can be answered over quack here, and why."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where questions are answered."""

    host: str = LOOPBACK
    port: int = DEFAULT_PORT

    @classmethod
    def parse(cls, text: str, *, other_hosts: bool = False) -> Address:
        """Return the address that `HOST:PORT`, `HOST` or `[IPV6]:PORT` names.

        Raises:
            ConfigError: it names none, or one that others reach, which was not asked for.
        """
        host, colon, port = text.removeprefix("quack:").rpartition(":")
        if not colon or text.endswith("]"):
            host, port = text.removeprefix("quack:"), str(DEFAULT_PORT)
        is_bare = ":" in host and not host.startswith("[")  # where would its port begin?
        if not host or is_bare or not port.isdecimal() or int(port) > 65535:  # noqa: PLR2004
            raise ConfigError(
                f"cannot listen on {text!r}: give HOST:PORT, as {LOOPBACK}:9494 or [::1]:9494"
            )
        host = host.strip("[]")
        if not (other_hosts or is_loopback(host)):
            raise ConfigError(
                f"{host} can be reached from other machines, and quack has no TLS of its own: put a"
                " proxy with TLS in front of it on this machine, or give --quack-other-hosts"
            )
        return cls(host, int(port))


class Quack:
    """The process that drains and answers. Started once, then stopped once, by one thread."""

    def __init__(
        self,
        address: Address,
        token: str | None,
        *,
        allow_writes: bool = False,
        is_optional: bool = False,
        question_timeout_s: float = 60.0,
    ) -> None:
        self.is_optional = is_optional
        if token is not None and len(token) < _LEAST_TOKEN:
            raise ConfigError(f"the token for quack needs {_LEAST_TOKEN} characters or more")
        self._address = Address(address.host, address.port or _free_port(address.host))
        self._told = {
            "host": self._address.host,
            "port": self._address.port,
            "token": token,
            "allow_other_hosts": not is_loopback(address.host),
            "allow_writes": allow_writes,
            "question_timeout_s": question_timeout_s,
        }
        self._settings: Settings | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._keeping = threading.Thread(target=self._keep, name="quack", daemon=True)

    def start(self, settings: Settings) -> str:
        """Begin, and return the line that says where.

        Raises:
            QuackUnavailable: it cannot, and why.
        """
        from otel_forgesyte_duckdb.stores import check_target  # the SDK with it

        check_target(settings)
        self._settings = settings
        uri = self._begin() if self._told["token"] else self._with_own_token(settings)
        self._keeping.start()
        written = ", writes allowed" if self._told["allow_writes"] else ""
        return f"SQL at {uri}{written}"

    def _with_own_token(self, settings: Settings) -> str:
        path = settings.database_path.with_name(f"{settings.database_path.name}.token")
        token = token_kept_in(path)
        self._told["token"] = token
        uri = self._begin()
        keep_token(path, token)  # not where nothing asks for it
        return f"{uri}, token in {path}"

    def stop(self) -> None:
        """End it once it has drained what is sealed."""
        self._ending.set()
        with self._lock:
            process = self._process
            if process is not None:
                _close(process)
        if process is not None:
            try:
                process.wait(_ENDING_S)
            except subprocess.TimeoutExpired:  # it can be killed at any point: nothing counts twice
                process.kill()
                process.wait()
        self._keeping.join(_ENDING_S)

    def _keep(self) -> None:
        """Start it again when it has ended by itself, after longer pauses where that is in vain."""
        pause_s, most_s = _PAUSES_S
        began = time.monotonic()
        while self._process is not None:
            status = self._process.wait()
            if self._ending.is_set():
                return
            _close(self._process)
            _logger.warning("the process answering over quack ended (%s); another follows", status)
            if time.monotonic() - began > _WORKED_S:
                pause_s = _PAUSES_S[0]
            while not self._ending.wait(pause_s):
                pause_s = min(2 * pause_s, most_s)
                try:
                    began = time.monotonic()
                    self._begin()
                    break
                except ConfigError as error:
                    _logger.error("cannot answer over quack, tried again: %s", error)  # noqa: TRY400
            if self._ending.is_set():
                return

    def _begin(self) -> str:
        process = subprocess.Popen(  # noqa: S603 - this interpreter, and a constant
            [sys.executable, "-c", _START],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Whatever instruments every Python would record this process into its own spool.
            env={**os.environ, "OTEL_SDK_DISABLED": "true", "PYTHONSAFEPATH": "1"},
            start_new_session=True,
        )
        with self._lock:
            self._process = process
            if self._ending.is_set():
                _close(process)
        with contextlib.suppress(OSError):  # it has ended: seen in its answer
            cast("io.RawIOBase", process.stdin).write(self._instructions())
        starting_s = _STARTING_OPTIONALLY_S if self.is_optional else _STARTING_S
        answer = _answer(process, starting_s)
        cast("io.RawIOBase", process.stdout).close()
        if "uri" not in answer:
            _close(process)
            process.kill()
            process.wait()
            raise QuackUnavailable(answer.get("error", "the process for quack ended at once"))
        return answer["uri"]

    def _instructions(self) -> bytes:
        # Through the pipe: others can read a command line and an environment.
        path = [os.path.abspath(entry) for entry in sys.path]  # noqa: PTH100 - entries may be empty
        settings = self._settings and asdict(self._settings.anchored())
        told = {
            "settings": settings,
            "parent": os.getpid(),
            "serving": self._told,
            "path": path,
        }
        return json.dumps(told).encode() + b"\n"


def _answer(process: subprocess.Popen[bytes], timeout_s: float) -> dict[str, str]:
    """Return what the process tells once it answers, or cannot; nothing when it ends before."""
    output = cast("io.RawIOBase", process.stdout)
    deadline = time.monotonic() + timeout_s
    line = b""
    while not line.endswith(b"\n"):
        left = deadline - time.monotonic()
        if os.name == "posix" and not select.select([output], [], [], max(0.0, left))[0]:
            return {"error": f"the process for quack did not begin within {timeout_s:g} s"}
        part = output.read(4096)
        if not part:
            return {}
        line += part
    answer: dict[str, str] = json.loads(line)
    return answer


def _close(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        cast("io.RawIOBase", process.stdin).close()


def _free_port(host: str) -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port

"""What the deployment files start, started here without containers: names become loopback ports."""

from __future__ import annotations

import http.client
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.pythons import clean_environment
from tests.waiting import free_port, wait_for

from .files import DEPLOY

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

TOKEN = "a token of the tests".replace(" ", "-")
BIN = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Place:
    """A folder, and a free port for each that the files name."""

    folder: Path
    ports: Mapping[str, int]

    @classmethod
    def of(cls, folder: Path, *ports: str) -> Place:
        """With the folders and the token that the files expect."""
        for name in ("data", "secrets", "forgesyte"):
            (folder / name).mkdir()
        for name in ("secrets/telemetry_token", "secrets/token"):
            (folder / name).write_text(f"{TOKEN}\n", encoding="utf-8")
        return cls(folder, {port: free_port() for port in ports})

    def local(self, text: str) -> str:
        """The text, with paths and ports of this place."""
        for there, here in {
            "/run/secrets/": f"{self.folder}/secrets/",
            "/data/": f"{self.folder}/data/",
            "/tmp/metrics": f"{self.folder}/metrics",  # noqa: S108 - what is replaced
            "/opt/forgesyte/bin/": f"{BIN}/",
            "/opt/forgesyte/studio.py": str(DEPLOY / "example" / "studio.py"),
            "0.0.0.0": "127.0.0.1",  # noqa: S104 - what is replaced
        }.items():
            text = text.replace(there, here)
        # Each number once: a free port may be what the files call another.
        return re.sub(r"\b\d+\b", lambda port: str(self.ports.get(port[0], port[0])), text)

    def environment(self, said: Mapping[str, str]) -> dict[str, str]:
        """The variables of a service, nothing of ours that could stand in for one, and no home."""
        kept = clean_environment()
        kept["HOME"] = "/nonexistent"  # as for the user of the image and of the units
        return kept | {name: self.local(value) for name, value in said.items()}

    def get(self, port: str, path: str) -> tuple[int, str]:
        """Status and text of an answer; the token is brought along."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[port], timeout=10)
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {TOKEN}"})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def await_answer(self, port: str, path: str) -> None:
        """Return once it is 200."""

        def is_there() -> bool:
            try:
                return self.get(port, path)[0] == 200
            except OSError:
                return False

        wait_for(is_there, f"{path} at what the files call port {port}")


@contextmanager
def running(
    command: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    *,
    before: Callable[[], None] | None = None,
) -> Generator[subprocess.Popen[bytes]]:
    """A process, until the end of the block; it is told to end as a service manager does."""
    with subprocess.Popen(
        command,
        cwd=folder,
        env=dict(environment),
        preexec_fn=before,  # noqa: PLW1509 - what a process does to itself has no other place
    ) as process:
        try:
            yield process
            process.send_signal(signal.SIGTERM)
            process.wait(30)
        finally:
            process.kill()  # nothing to one that has ended
    assert process.returncode == 0, command

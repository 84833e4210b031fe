"""Starts the processes of a soak, kills and restarts them at random, and fills their disk."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.soak.disk import SmallDisk

_ROOT = Path(__file__).parents[2]
_APPLICATIONS = 3
_LOOK_S = 0.25
_LIFE_S = 12.0  # of a process, on average, before it is killed
_LONGEST_END_S = 60.0


@dataclass
class Actor:
    """One process that is started again whenever it has ended."""

    role: str
    arguments: Sequence[str]
    """Seed and name are added at each start."""
    starts: int = 0
    process: subprocess.Popen[bytes] | None = None


@dataclass
class Soak:
    """Everything that goes on at one database."""

    folder: Path
    """Where journals, logs and the stop file lie: never on the disk that is filled."""
    database: Path
    seed: int
    disk: SmallDisk | None
    kills: int = 0
    unwell: list[str] = field(default_factory=list[str])
    _groups: list[int] = field(default_factory=list[int])

    def __post_init__(self) -> None:
        self.journals = self.folder / "journals"
        self.journals.mkdir()
        self.stop = self.folder / "stop"
        common = [str(self.database), str(self.journals), str(self.stop)]
        application = [sys.executable, "-m", "tests.soak.application", *common]
        self._actors = [Actor(f"app{n}", application) for n in range(_APPLICATIONS)] + [
            Actor(role, [sys.executable, "-m", "tests.soak.neighbours", role, *common])
            for role in ("drain", "drain", "read", "hold")
        ]
        self._chance = random.Random(self.seed)  # noqa: S311 - a test's dice

    def run(self, seconds: float) -> None:
        """Make trouble for that long; then let everybody end, and see that all do."""
        end = time.monotonic() + seconds
        full_until = 0.0
        next_full = time.monotonic() + self._chance.uniform(0.2, 0.4) * min(seconds, 60)
        while (now := time.monotonic()) < end:
            for actor in self._actors:
                self._look_after(actor)
            if self.disk is not None and full_until and now >= full_until:
                self.disk.free()
                full_until, next_full = 0.0, now + self._chance.uniform(10, 40)
            elif self.disk is not None and not full_until and now >= next_full:
                self.disk.fill(self._chance.choice((0, 20_000, 300_000, 2_000_000)))
                full_until = now + self._chance.uniform(1, 6)
            time.sleep(_LOOK_S)
        if self.disk is not None:
            self.disk.free()
        self._let_end()

    def _look_after(self, actor: Actor) -> None:
        if actor.process is None or actor.process.poll() is not None:
            self._note_the_end_of(actor)
            self._start(actor)
        elif self._chance.random() < _LOOK_S / _LIFE_S:
            actor.process.kill()
            actor.process.wait()
            actor.process = None
            self.kills += 1

    def _start(self, actor: Actor) -> None:
        actor.starts += 1
        seed = f"{self.seed}-{actor.role}-{actor.starts}"
        names = [f"{actor.role}.{actor.starts}"] if actor.role.startswith("app") else []
        with (self.folder / f"{actor.role}.log").open("ab") as log:
            actor.process = subprocess.Popen(
                [*actor.arguments, *names, seed],
                cwd=_ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._groups.append(actor.process.pid)

    def _note_the_end_of(self, actor: Actor) -> None:
        if actor.process is not None and actor.process.returncode != 0:
            code = actor.process.returncode
            self.unwell.append(f"{actor.role} (start {actor.starts}) ended with {code}")

    def _let_end(self) -> None:
        self.stop.touch()
        deadline = time.monotonic() + _LONGEST_END_S
        for actor in self._actors:
            if actor.process is None:
                continue
            try:
                actor.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                actor.process.kill()
                self.unwell.append(f"{actor.role} did not end")
            self._note_the_end_of(actor)
        # Workers of a pool whose process was killed wait for each other for ever: Python's way.
        for group in self._groups:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)

"""An application under test: it decorates, configures, forks, and records poison now and then.

    python -m tests.soak.application DATABASE JOURNALS STOP_FILE NAME SEED

It runs until the stop file is there, or it is killed.
"""

from __future__ import annotations

import os
import random
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from opentelemetry import trace

from otel_forgesyte import configure, frame, job, plugin, report_device
from otel_forgesyte.telemetry import failures
from tests.soak.journal import KEY, Journal, observe

if TYPE_CHECKING:
    from otel_forgesyte.setup.handle import Telemetry

_own_work_s = 0.0


class Unspeakable:
    """Raises when anybody asks what it is."""

    def __repr__(self) -> str:
        raise RuntimeError("no words")


@plugin
def look(picture: object) -> dict[str, object]:
    global _own_work_s  # noqa: PLW0603 - one thread calls it
    began = time.perf_counter()
    time.sleep(0.001)
    _own_work_s += time.perf_counter() - began
    return {"boxes": [], "picture": picture}


@job
def work(job_id: str) -> None:
    report_device("cpu", "cpu")
    look(job_id)
    with frame(0):
        pass


@job
def spoilt(job_id: str, picture: object) -> None:  # noqa: ARG001 - the decorator reads it
    look(picture)
    raise KeyError("nul \0 and \udfff", picture)


def poison(key: str, kind: int) -> None:
    """Records a span that somebody on its way cannot digest."""
    tracer = trace.get_tracer("tests.soak")
    late = 2**63 + 5 if kind == 0 else None  # beyond what DuckDB counts time in: set aside
    span = tracer.start_span(key, start_time=late, attributes={KEY: key})
    # What its own methods refuse (an object whose `repr` raises, say) the SDK raises to its caller.
    for value in (float("nan"), 2**70, "lone \ud800", "nul \0", "x" * 300_000):
        span.set_attribute("poison", value)
        span.add_event("poison", {"value": value})
    span.end(late)
    with suppress(KeyError):
        spoilt(f"{key}-job", Unspeakable())


class Caller:
    """Calls numbered jobs and notes how much longer than its own work each took."""

    def __init__(self, journal: Journal, name: str) -> None:
        self._journal = journal
        self._name = name
        self._number = 0
        self._keys: list[str] = []
        self._delays_us: list[int] = []

    def next_key(self) -> str:
        self._number += 1
        return f"{self._name}:{self._number:06d}"

    def call(self) -> None:
        global _own_work_s  # noqa: PLW0603 - one thread calls it
        key = self.next_key()
        _own_work_s = 0.0
        began = time.perf_counter()
        work(key)
        took_s = time.perf_counter() - began - _own_work_s
        self._keys.append(key)
        self._delays_us.append(int(took_s * 1e6))
        if len(self._keys) >= 100:
            self.tell()

    def tell(self) -> None:
        self._journal.tell("calls", self._keys, self._delays_us)
        self._keys, self._delays_us = [], []


def in_a_child(folder: str, name: str) -> None:
    """Runs in a process of a pool, which has the parent's set-up or makes its own."""
    journal = _journal or Journal(Path(folder))
    caller = Caller(journal, f"{name}.{os.getpid()}.{time.time_ns()}")
    for _ in range(5):
        caller.call()
    caller.tell()


def fork(telemetry: Telemetry, journal: Journal, name: str, chance: random.Random) -> None:
    """Forks a child that works; half of them end without a word to their telemetry."""
    leaves_quietly = chance.random() < 0.5
    began = time.perf_counter()
    child = os.fork()
    if child == 0:
        caller = Caller(journal, f"{name}.{os.getpid()}")
        for _ in range(20):
            caller.call()
        caller.tell()
        if not leaves_quietly:
            telemetry.shutdown()
            journal.tell("end")
        os._exit(0)
    journal.tell("pause", "fork", time.perf_counter() - began)
    began = time.perf_counter()
    _, status = os.waitpid(child, 0)
    if status:
        journal.tell("trouble", f"a forked child ended with {status}")
    journal.tell("pause", "forked child", time.perf_counter() - began)


def pool(folder: str, name: str) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("fork")) as workers:
        list(workers.map(in_a_child, [folder] * 4, [f"{name}.pool"] * 4))


def main(database: str, folder: str, stop: Path, name: str, seed: str) -> None:
    global _journal  # noqa: PLW0603 - a pool's children find it here
    # Forking beside threads is what is tested here; newer Pythons warn about it.
    warnings.simplefilter("ignore", DeprecationWarning)
    chance = random.Random(seed)  # noqa: S311 - a test's dice
    _journal = journal = observe(Path(folder))
    telemetry = configure(database=database)
    caller = Caller(journal, name)
    while not stop.exists():
        for _ in range(chance.randrange(1, 60)):
            caller.call()
        match chance.randrange(40):
            case 0:
                fork(telemetry, journal, caller.next_key(), chance)
            case 1:
                pool(folder, caller.next_key())
            case 2 | 3:
                poison(caller.next_key(), chance.randrange(4))
            case _:
                time.sleep(0.01)
    caller.tell()
    began = time.perf_counter()
    telemetry.shutdown()
    journal.tell("pause", "shutdown", time.perf_counter() - began)
    if failures():
        journal.tell("trouble", failures())
    journal.tell("end")


_journal: Journal | None = None

if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4], sys.argv[5])

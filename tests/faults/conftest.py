"""Applications that do as they are told, and the sum that must hold whatever happens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from otel_forgesyte_duckdb import Settings, drain
from tests.duckdb.conftest import (
    Target,
    no_inherited_settings,
    target,
    undrained,
)
from tests.pythons import clean_environment
from tests.soak.disk import small_disk
from tests.soak.tally import Tally, tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from otel_forgesyte_duckdb import StoreStatus
    from tests.soak.disk import SmallDisk

__all__ = ["no_inherited_settings", "target", "undrained"]

ROOT = Path(__file__).parents[2]
_SPOOL = "OTEL_EXPORTER_DUCKDB_SPOOL_DIRECTORY"
QUICK = {
    "OTEL_EXPORTER_DUCKDB_FLUSH_INTERVAL": "0.1",
    "OTEL_BSP_SCHEDULE_DELAY": "50",
    "OTEL_BLRP_SCHEDULE_DELAY": "50",
}


def accounted_for(target: Target, accepted: int) -> StoreStatus:
    """The status, in which accepted = stored + spooled + dead + Σ dropped."""
    status = target.status()
    dropped = sum(status.dropped.values())
    total = (status.stored or 0) + status.spooled_lines + status.dead_lines + dropped
    assert total == accepted, status
    assert status.stored is not None or not target.path.exists()
    return status


def environment(more: dict[str, str]) -> dict[str, str]:
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return clean_environment() | {"PYTHONPATH": os.pathsep.join(paths)} | more


@dataclass
class Application:
    """A running one; see `application.py` for what it can be told."""

    process: subprocess.Popen[str]
    log: Path

    def do(self, *words: object) -> Any:
        """Tell it and wait for its answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, self.log.read_text()
        return json.loads(answer)

    def tell(self, *words: object) -> None:
        """Tell it something that it will not live to answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()

    def end(self) -> str:
        """Let it end; return what it logged, in which there is no traceback."""
        self.process.communicate("end\n", timeout=60)
        said = self.log.read_text()
        assert self.process.returncode == 0, said
        assert "Traceback" not in said
        return said

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@dataclass
class Bench:
    """A database, and the journals of all applications at it."""

    folder: Path
    spool: Path | None = None
    """None: beside the database."""
    started: list[Application] = field(default_factory=list[Application])

    @property
    def database(self) -> Path:
        return self.folder / "data" / "telemetry.duckdb"

    @property
    def settings(self) -> Settings:
        return Settings(database=str(self.database), spool_directory=str(self.spool or ""))

    @property
    def journals(self) -> Path:
        return self.folder / "journals"

    def start(self, program: str = "application", **more: str) -> Application:
        log = self.folder / f"{len(self.started)}.log"
        with log.open("wb") as errors:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-W", "ignore", "-m", f"tests.faults.{program}"),
                    *(str(self.database), str(self.journals)),
                ],
                cwd=ROOT,
                env=environment(QUICK | {_SPOOL: str(self.spool or "")} | more),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        application = Application(process, log)
        self.started.append(application)
        return application

    def tally(self) -> Tally:
        return tally(self.settings, self.journals)

    def adds_up(self) -> Tally:
        """Drain, and check that nothing is lost, doubled or unaccounted for."""
        drain(self.settings)
        result = self.tally()
        assert result.problems() == []
        return result


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    bench.journals.mkdir()
    bench.database.parent.mkdir()
    yield bench
    for application in bench.started:
        application.kill()
        application.process.communicate()


@pytest.fixture
def disk(bench: Bench) -> Iterator[SmallDisk | None]:
    """A small disk below the bench's data; None where this user may not mount one."""
    with small_disk(bench.database.parent, 64_000_000) as disk:
        yield disk
        for application in bench.started:
            application.kill()


@pytest.fixture
def run_module() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a module of these tests until it ends."""

    def run(name: str, *arguments: object, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-W", "ignore", "-m", f"tests.faults.{name}", *map(str, arguments)],
            cwd=ROOT,
            env=environment(more),
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    return run

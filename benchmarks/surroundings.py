"""Where, when and with what figures were taken: without it they say nothing."""

from __future__ import annotations

import datetime as dt
import os
import platform
import re
import sqlite3
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

_PACKAGES = ("otel-forgesyte", "opentelemetry-sdk", "duckdb", "prometheus-client", "orjson")


def _load() -> float:
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The state of the machine when a run began; `lines` adds how it is when it is asked.

    Attributes:
        command: how to run the same again.
        sizes: how much data, in words.
        peers: by the peer's name, the versions in its environment.
    """

    command: str
    sizes: str
    peers: dict[str, dict[str, str]]
    began: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.timezone.utc))
    load_before: float = field(default_factory=_load)

    def lines(self) -> dict[str, str]:
        """Everything, by its name, in words."""
        took = dt.datetime.now(dt.timezone.utc) - self.began
        return {
            "command": self.command,
            "date": f"{self.began:%Y-%m-%d %H:%M} UTC, {took.total_seconds() / 60:.0f} min",
            "machine": f"{_processor()}, {os.cpu_count()} cores, {platform.system()}",
            "load": f"{self.load_before:.2f} before, {_load():.2f} after",
            "sizes": self.sizes,
            "versions": _named({"python": platform.python_version(), **_versions()}),
            **{f"peer {name}": _named(versions) for name, versions in self.peers.items()},
        }


def _versions() -> dict[str, str]:
    installed = {package: version(package) for package in _PACKAGES}
    return installed | {"sqlite": sqlite3.sqlite_version}


def _named(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in versions.items())


def _processor() -> str:
    told = Path("/proc/cpuinfo")
    if told.exists() and (found := re.search(r"model name\s*: (.+)", told.read_text())):
        return found[1]
    return platform.processor() or platform.machine()

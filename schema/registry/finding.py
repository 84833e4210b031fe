"""What a check has to say about one line of one file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line of a file, counted from 1."""

    path: Path
    line: int

    def __str__(self) -> str:
        here = Path.cwd()
        path = self.path.relative_to(here) if self.path.is_relative_to(here) else self.path
        return f"{path}:{self.line}"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that is wrong: where, with what name, and what to do about it."""

    place: Place
    subject: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.place}: {self.subject}: {self.problem}: {self.remedy}"


class RegistryError(Exception):
    """The files cannot be understood as a registry. `findings` says why, line by line."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(sorted(findings))
        super().__init__("\n".join(map(str, self.findings)))

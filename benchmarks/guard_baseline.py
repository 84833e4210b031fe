"""The stored counts, what they hold for, and how counts taken now compare with them."""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.guard_process import Counts

BASELINE = Path(__file__).with_name("guard.json")

TOLERANCE = 0.002
"""As a share of the baseline. Counts come out alike to the last one, and one more copy of a dict is
two bytecodes of the five hundred that a decorated call takes: wider would let it pass."""

_TOLERANCES = {
    "all bytecodes": 0.02,  # the standard library's are among them, and change with its patches
    "bytes held at once": 0.05,  # sizes of objects, likewise
    "bytes written": 0.1,  # DuckDB writes blocks of 256 KiB: one more or less is no news
    "write calls": 0.2,
}

Dependence = Literal["python", "duckdb"]
Verdict = Literal["", "more", "less", "not in the baseline", "no longer counted"]


@dataclass(frozen=True, slots=True)
class Place:
    """What counts hold for: a version that they differ with, and versions they were taken with."""

    name: str
    packages: Mapping[str, str]


def place(depends_on: Dependence) -> Place:
    """This interpreter, or the DuckDB that is installed with it."""
    if depends_on == "duckdb":
        return Place(f"duckdb {_minor(version('duckdb'))}", {})
    packages = {name: version(name) for name in ("opentelemetry-sdk", "prometheus-client")}
    python = platform.python_version()  # another patch of it may import another module
    return Place(f"python {_minor(python)}", {"python": python, **packages})


@dataclass(frozen=True, slots=True)
class Baseline:
    """Counts by place and subject, as a file holds them."""

    path: Path = BASELINE

    def counts(self, place: Place, subject: str) -> Counts | str:
        """The subject's counts, or a sentence saying why there are none to compare with here."""
        stored = self._stored()
        found: dict[str, Any] | None = stored.get(place.name)
        if found is None or subject not in found["counts"]:
            others = ", ".join(name for name in stored if subject in stored[name]["counts"])
            return f"no baseline for {place.name}; there is one for {others or 'nothing'}"
        for package, here in place.packages.items():
            then = found["packages"].get(package)
            if then != here:
                return f"the baseline was taken with {package} {then}, and here is {here}"
        counts: Counts = found["counts"][subject]
        return counts

    def write(self, place: Place, subject: str, counts: Counts) -> None:
        """Keep these counts as the subject's baseline in this place.

        One that is what it was, within its tolerance, stays: many small steps must not add up.
        """
        stored = self._stored()
        kept: dict[str, Counts] = stored.get(place.name, {}).get("counts", {})
        then = kept.get(subject, {})
        same = {each.name for each in compared(then, counts) if not each.verdict}
        kept[subject] = counts | {name: then[name] for name in same}
        stored[place.name] = {"packages": dict(place.packages), "counts": kept}
        text = json.dumps(stored, indent=2, sort_keys=True)
        self.path.write_text(text + "\n", encoding="utf-8")

    def _stored(self) -> dict[str, Any]:
        if not self.path.exists():
            return {}
        stored: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
        return stored


@dataclass(frozen=True, slots=True)
class Compared:
    """One count, then and now; None where there is none."""

    name: str
    then: float | None
    now: float | None

    @property
    def change(self) -> float | None:
        """As a share of what it was; None where it was nothing."""
        return (self.now - self.then) / self.then if self.then and self.now is not None else None

    @property
    def verdict(self) -> Verdict:
        """Nothing where the count is what it was, within its tolerance.

        Less is a difference too: a gain that is not written down is lost again unseen, and fewer
        calls of `fdatasync` may be a promise that is no longer kept.
        """
        if self.then is None:
            return "not in the baseline"
        if self.now is None:
            return "no longer counted"
        tolerance = _TOLERANCES.get(self.name.rpartition(": ")[2], TOLERANCE)
        if abs(self.now - self.then) <= tolerance * self.then:
            return ""
        return "more" if self.now > self.then else "less"


def compared(then: Counts, now: Counts) -> list[Compared]:
    """Every count of both, in the order of those taken now."""
    return [Compared(name, then.get(name), now.get(name)) for name in now | then]


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])

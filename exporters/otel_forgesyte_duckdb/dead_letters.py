"""Records that cannot be stored, set aside with the reason, one JSON object a line."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

FOLDER = "dead"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One record that was set aside; `record` is its line as written, or what is known of it."""

    signal: str
    reason: str
    record: str


def dead_folder(spool: Path) -> Path:
    """Return where a spool's dead letters lie."""
    return spool / FOLDER


def append_letters(spool: Path, name: str, letters: Iterable[DeadLetter]) -> None:
    """Add letters to a file of the dead-letter folder.

    Raises:
        OSError: they could not be written.
    """
    _write(spool, name, letters, os.O_APPEND)


def replace_letters(spool: Path, name: str, letters: Iterable[DeadLetter]) -> None:
    """Write a file of the dead-letter folder afresh, so that doing it twice leaves each once.

    Raises:
        OSError: they could not be written.
    """
    _write(spool, name, letters, os.O_TRUNC)


def read_letters(spool: Path) -> Iterator[DeadLetter]:
    """Yield every dead letter of a spool."""
    for path in sorted(dead_folder(spool).glob("*.jsonl")):
        for line in path.read_bytes().splitlines():
            yield DeadLetter(**orjson.loads(line))


def dead_bytes(spool: Path) -> int:
    """Return how much room the dead letters take."""
    return sum(path.stat().st_size for path in dead_folder(spool).glob("*.jsonl"))


def count_letters(spool: Path) -> int:
    """Return how many records are dead letters; losses and resources are not records."""
    return sum(
        path.read_bytes().count(b"\n")
        for path in dead_folder(spool).glob("*.jsonl")
        if not any(f"-{signal}-" in path.name for signal in ("resources", "losses"))
    )


def _write(spool: Path, name: str, letters: Iterable[DeadLetter], mode: int) -> None:
    folder = dead_folder(spool)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | mode
    with os.fdopen(os.open(folder / f"{name}.jsonl", flags, 0o600), "wb") as file:
        for letter in letters:
            file.write(orjson.dumps(letter, option=orjson.OPT_APPEND_NEWLINE))
        file.flush()
        os.fsync(file.fileno())

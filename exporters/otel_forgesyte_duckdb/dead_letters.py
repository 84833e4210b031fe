"""Records that cannot be stored, set aside with the reason, one JSON object a line."""

from __future__ import annotations

import os
import threading
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
    """Add letters to a file of the dead-letter folder: all of them, or none.

    Raises:
        OSError: they could not be written.
    """
    data = _packed(letters)
    path = _made_folder(spool) / f"{name}.jsonl"
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    # Several exporters' threads share a file; undoing one's part must not undo another's.
    with _appending, os.fdopen(os.open(path, flags, 0o600), "wb", buffering=0) as file:
        before = os.fstat(file.fileno()).st_size
        try:
            _write(file.fileno(), data)
        except OSError:  # a full disk takes a part, and the caller counts all of them as lost
            os.ftruncate(file.fileno(), before)
            raise


def replace_letters(spool: Path, name: str, letters: Iterable[DeadLetter]) -> None:
    """Write a file of the dead-letter folder afresh, so that doing it twice leaves each once.

    Raises:
        OSError: they could not be written.
    """
    path = _made_folder(spool) / f"{name}.jsonl"
    part = path.with_suffix(".part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    try:
        with os.fdopen(os.open(part, flags, 0o600), "wb", buffering=0) as file:
            _write(file.fileno(), _packed(letters))
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def read_letters(spool: Path) -> Iterator[DeadLetter]:
    """Yield every dead letter of a spool; a line without its end was torn by a crash."""
    for path in sorted(dead_folder(spool).glob("*.jsonl")):
        for line in path.read_bytes().split(b"\n")[:-1]:
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


def _packed(letters: Iterable[DeadLetter]) -> bytes:
    return b"".join(orjson.dumps(letter, option=orjson.OPT_APPEND_NEWLINE) for letter in letters)


def _made_folder(spool: Path) -> Path:
    folder = dead_folder(spool)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
    os.fsync(descriptor)


def _renew_lock() -> None:
    global _appending  # noqa: PLW0603 - another thread of the parent may have held it
    _appending = threading.Lock()


_appending = threading.Lock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)

"""Records that cannot be stored, set aside with the reason, one JSON object a line."""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import orjson

from otel_forgesyte_duckdb.locks import file_lock, try_lock

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterable, Iterator
    from pathlib import Path

FOLDER = "dead"
_PATIENCE_S = 5.0
_NOT_RECORDS = ("resources", "losses")
# What the drainer sets aside bears its segment's name, with a number at its end.
_OWN = re.compile(r"(?P<writer>\d+-[0-9a-f]{12})-(?P<signal>[a-z_]+)")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One record that was set aside; `record` is its line as written, or what is known of it."""

    signal: str
    reason: str
    record: str


def dead_folder(spool: Path) -> Path:
    """Return where a spool's dead letters lie."""
    return spool / FOLDER


@contextlib.contextmanager
def folder_held(spool: Path) -> Generator[Path]:
    """Yield the dead-letter folder, made where it is missing, held by nobody else meanwhile.

    Exporters append, the drainer sets aside and a person takes out: each alone.

    Raises:
        OSError: it cannot be made, or was held for five seconds (`TimeoutError`).
    """
    folder = dead_folder(spool)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = file_lock(folder / "letters.lock")
    if not try_lock(lock, _PATIENCE_S):
        raise TimeoutError(errno.EAGAIN, "the dead letters are held", lock.lock_file)
    try:
        yield folder
    finally:
        lock.release()


def append_letters(spool: Path, name: str, letters: Iterable[DeadLetter]) -> None:
    """Add letters to a file of the dead-letter folder: all of them, or none.

    Raises:
        OSError: they could not be written.
    """
    data = packed(letters)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    with (
        folder_held(spool) as folder,
        os.fdopen(os.open(folder / f"{name}.jsonl", flags, 0o600), "wb", buffering=0) as file,
    ):
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
    with folder_held(spool) as folder:
        write_whole(folder / f"{name}.jsonl", packed(letters))


def forget_letters(spool: Path, name: str) -> None:
    """Remove a file of the dead-letter folder, if it is there.

    Raises:
        OSError: it cannot be removed.
    """
    (dead_folder(spool) / f"{name}.jsonl").unlink(missing_ok=True)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file durably, to be seen under its name only once it is whole.

    Raises:
        OSError: it could not be written; under its name is what was there before.
    """
    part = path.with_name(f"{path.name}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    try:
        with os.fdopen(os.open(part, flags, 0o600), "wb", buffering=0) as file:
            _write(file.fileno(), data)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def read_letters(spool: Path) -> Iterator[DeadLetter]:
    """Yield every dead letter of a spool; a line without its end was torn by a crash."""
    for path in letter_files(spool):
        yield from letters_in(path)


def letter_files(spool: Path) -> list[Path]:
    """Return the files that hold a spool's dead letters."""
    return sorted(dead_folder(spool).glob("*.jsonl"))


def letters_in(path: Path) -> list[DeadLetter]:
    """Return the letters of one file; none when it was taken away meanwhile."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    return [DeadLetter(**orjson.loads(line)) for line in content.split(b"\n")[:-1]]


def dead_bytes(spool: Path) -> int:
    """Return how much room the dead letters take."""
    return sum(found.st_size for _, found in _files(spool))


def count_letters(spool: Path, *, without: Collection[str] = ()) -> int:
    """Return how many records are dead letters; losses and resources are not records.

    `without` names files to leave out.
    """
    return sum(
        _count(path, found.st_size, found.st_mtime_ns)
        for path, found in _files(spool)
        if path.stem not in without and are_records(path)
    )


def letters_by_writer(spool: Path) -> Counter[tuple[str, str]]:
    """Return how many records writers have set aside by themselves, by writer and signal."""
    counts: Counter[tuple[str, str]] = Counter()
    for path, found in _files(spool):
        if own := _OWN.fullmatch(path.stem):
            key = own["writer"], own["signal"]
            counts[key] += _count(path, found.st_size, found.st_mtime_ns)
    return counts


def are_records(path: Path) -> bool:
    """Tell whether a file's letters count: losses and resources are about records."""
    return not any(f"-{signal}-" in path.name for signal in _NOT_RECORDS)


def packed(letters: Iterable[DeadLetter]) -> bytes:
    """Return letters as they stand in a file."""
    return b"".join(orjson.dumps(letter, option=orjson.OPT_APPEND_NEWLINE) for letter in letters)


def _files(spool: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for path in letter_files(spool):
        with contextlib.suppress(FileNotFoundError):  # taken away meanwhile
            yield path, path.stat()


@lru_cache(maxsize=1_024)
def _count(path: Path, size: int, changed_ns: int) -> int:  # noqa: ARG001 - part of the key
    """Count a file's lines once while it stays as it is: they are asked for at every scrape."""
    try:
        return path.read_bytes()[:size].count(b"\n")
    except FileNotFoundError:
        return 0


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
    os.fsync(descriptor)

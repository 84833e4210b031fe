"""Dead letters leave their folder: back into the spool, or for good, and counted.

Taking letters out of a file and putting a segment into the spool are two changes that must both
happen, or neither, wherever a process dies:

    what will be left of the file  ->  the segment, beside it  ->  the first replaces the file
                                                               ->  the second moves to the spool

The third step decides. Who finds a segment in the dead-letter folder finishes the work: forward
where its remainder is gone (it has become the file), else back.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import secrets
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from otel_forgesyte_duckdb.dead_letters import (
    are_records,
    dead_folder,
    folder_held,
    letter_files,
    letters_in,
    packed,
    write_whole,
)
from otel_forgesyte_duckdb.losses import DISCARDED, loss_lines
from otel_forgesyte_duckdb.segments import NOBODY, SegmentFile, list_segments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from otel_forgesyte_duckdb.dead_letters import DeadLetter

_INTENT = ".intent"


@dataclass(frozen=True, slots=True)
class Resolution:
    """How many letters were taken out, and how many that were meant stay."""

    taken: int
    left: int


@dataclass(frozen=True, slots=True)
class LetterGroup:
    """Letters of one signal, refused for one kind of reason (the details differ)."""

    signal: str
    reason: str
    count: int
    oldest: dt.datetime
    """When the oldest file that holds one was last written to."""
    can_be_retried: bool


def retry(spool: Path, reason: str = "") -> Resolution:
    """Put letters back into the spool, each once; those that hold no record stay.

    `reason` takes those whose reason begins with it.

    Raises:
        OSError: the folder cannot be written to; every letter is in one place still.
    """
    return _resolve(spool, reason, _is_line, _as_lines)


def discard(spool: Path, reason: str = "") -> Resolution:
    """Remove letters for good, and count them as dropped. Arguments and errors as for `retry`."""
    return _resolve(spool, reason, lambda _: True, _as_losses)


def open_letters(spool: Path) -> list[DeadLetter]:
    """Return the letters that can be decided on: not those of a segment still being stored."""
    return [letter for path in _settled(spool) for letter in letters_in(path)]


def grouped_letters(spool: Path) -> list[LetterGroup]:
    """Return the same by signal and kind of reason, the most numerous first."""
    counts: Counter[tuple[str, str, bool]] = Counter()
    oldest: dict[tuple[str, str, bool], dt.datetime] = {}
    for path in _settled(spool):
        with contextlib.suppress(FileNotFoundError):  # taken away meanwhile
            since = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.timezone.utc)
            for letter in letters_in(path):
                key = letter.signal, letter.reason.partition(":")[0], _is_line(letter)
                counts[key] += 1
                oldest[key] = min(oldest.get(key, since), since)
    return [
        LetterGroup(signal, reason, count, oldest[signal, reason, can], can)
        for (signal, reason, can), count in counts.most_common()
    ]


def on_their_way(spool: Path) -> list[SegmentFile]:
    """Return segments that have replaced letters and were not yet moved into the spool."""
    return [segment for segment in list_segments(dead_folder(spool)) if not _intents(segment)]


def _resolve(
    spool: Path,
    reason: str,
    is_meant: Callable[[DeadLetter], bool],
    as_segment: Callable[[list[DeadLetter]], tuple[str, bytes, int]],
) -> Resolution:
    taken = left = 0
    with folder_held(spool):
        _finish(spool)
        for path in _settled(spool):
            letters = letters_in(path)
            asked = [letter for letter in letters if letter.reason.startswith(reason)]
            chosen = [letter for letter in asked if is_meant(letter)]
            if chosen:
                gone = set(map(id, chosen))
                rest = [letter for letter in letters if id(letter) not in gone]
                _replace(spool, path, rest, as_segment(chosen))
            if are_records(path):
                taken += len(chosen)
                left += len(asked) - len(chosen)
    return Resolution(taken, left)


def _settled(spool: Path) -> Iterator[Path]:
    # A drainer writes the letters of a segment afresh until its rows are committed.
    unsettled = {segment.stem for segment in list_segments(spool)}
    return (path for path in letter_files(spool) if path.stem not in unsettled)


def _replace(
    spool: Path, path: Path, rest: list[DeadLetter], segment: tuple[str, bytes, int]
) -> None:
    signal, data, lines = segment
    stem = f"{NOBODY}-{secrets.token_hex(6)}-{signal}-00000001"
    intent = path.with_name(f"{path.stem}.{stem}{_INTENT}")
    prepared = path.with_name(f"{stem}-{lines}.seg")
    write_whole(intent, packed(rest))
    write_whole(prepared, data)
    intent.replace(path)
    prepared.rename(spool / prepared.name)
    if not rest:
        path.unlink()


def _finish(spool: Path) -> None:
    """Finish what a process that died has begun; the caller holds the folder."""
    for segment in list_segments(dead_folder(spool)):
        if _intents(segment):
            segment.path.unlink()
        else:
            segment.path.rename(spool / segment.path.name)
    for pattern in (f"*{_INTENT}", "*.part"):
        for path in dead_folder(spool).glob(pattern):
            path.unlink()
    for path in letter_files(spool):
        if not path.stat().st_size:
            path.unlink()


def _intents(prepared: SegmentFile) -> list[Path]:
    return list(prepared.path.parent.glob(f"*.{prepared.stem}{_INTENT}"))


def _is_line(letter: DeadLetter) -> bool:
    try:
        return "\n" not in letter.record and isinstance(orjson.loads(letter.record), dict)
    except orjson.JSONDecodeError:
        return False


def _as_lines(letters: list[DeadLetter]) -> tuple[str, bytes, int]:
    lines = [f"{letter.record}\n" for letter in letters]
    return letters[0].signal, "".join(lines).encode(), len(lines)


def _as_losses(letters: list[DeadLetter]) -> tuple[str, bytes, int]:
    counts = {(letters[0].signal, DISCARDED): len(letters)}
    return "losses", loss_lines(counts), len(counts)

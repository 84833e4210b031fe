"""Dead letters on a disk that fills up: a batch of them is there whole, or not at all."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from otel_forgesyte_duckdb import DeadLetter, read_letters
from otel_forgesyte_duckdb.dead_letters import (
    append_letters,
    count_letters,
    dead_folder,
    replace_letters,
)

if TYPE_CHECKING:
    from pathlib import Path

LETTERS = [DeadLetter("spans", "why", f"record {number}") for number in range(3)]


@pytest.fixture
def fill_the_disk(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The next write takes ten bytes of what it is given; then there is no room."""
    write, calls = os.write, [0]

    def full(descriptor: int, data: bytes) -> int:
        calls[0] += 1
        if calls[0] > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data[:10])

    monkeypatch.setattr(os, "write", full)
    return monkeypatch


@pytest.mark.parametrize("way", [append_letters, replace_letters])
def test_letters_that_found_no_room_leave_nothing_behind(
    tmp_path: Path, request: pytest.FixtureRequest, way: object
) -> None:
    append_letters(tmp_path, "w-spans", LETTERS[:1])
    monkeypatch: pytest.MonkeyPatch = request.getfixturevalue("fill_the_disk")
    assert callable(way)
    with pytest.raises(OSError, match="No space left"):
        way(tmp_path, "w-spans", LETTERS[1:])
    monkeypatch.undo()
    assert list(read_letters(tmp_path)) == LETTERS[:1]
    assert count_letters(tmp_path) == 1
    left = sorted(path.name for path in dead_folder(tmp_path).iterdir())
    assert left == ["letters.lock", "w-spans.jsonl"]


def test_a_line_torn_by_a_crash_is_neither_read_nor_counted(tmp_path: Path) -> None:
    append_letters(tmp_path, "w-spans", LETTERS)
    with (dead_folder(tmp_path) / "w-spans.jsonl").open("ab") as file:
        file.write(b'{"signal":"spans","rea')
    assert list(read_letters(tmp_path)) == LETTERS
    assert count_letters(tmp_path) == 3

"""The formats of a segment: each is written, read back and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks import formats

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("case", ["in_json_lines", "in_arrow", "in_parquet"])
def test_every_span_comes_back_from_each_format(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if case != "in_json_lines":
        pytest.importorskip("pyarrow")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(formats, "_SEGMENT", 1)
    monkeypatch.setattr(formats, "_SEGMENTS", 1)

    figures = getattr(formats, case)()  # raises where one is missing

    assert set(figures) == {"write_us", "read_us", "bytes", "process_us"}
    assert min(figures.values()) > 0

"""What lies in a spool, in a few numbers, for whoever must not look for itself."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from otel_forgesyte_duckdb.dead_letters import count_letters
from otel_forgesyte_duckdb.segments import RECORDS, list_segments

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Overview:
    """One look at a spool, all its writers together."""

    records: int
    """In sealed segments: what is in an open one is known to its writer alone."""
    size: int
    """Bytes of all segments."""
    oldest_at: float | None
    """When the oldest sealed segment was last written to (Unix time); None when there is none."""
    dead: int
    """Records set aside."""


def look_at(spool: Path) -> Overview:
    """Return what lies in a spool now; takes time where segments are many."""
    segments = [segment for segment in list_segments(spool) if segment.signal in RECORDS]
    sealed = [segment for segment in segments if segment.lines is not None]
    oldest_at = None
    if sealed:
        with contextlib.suppress(FileNotFoundError):  # drained meanwhile
            oldest_at = sealed[0].path.stat().st_mtime
    return Overview(
        records=sum(segment.lines or 0 for segment in sealed),
        size=sum(segment.size for segment in segments),
        oldest_at=oldest_at,
        # What a drainer has set aside of a segment not yet stored is still in that segment.
        dead=count_letters(spool, without={segment.stem for segment in segments}),
    )

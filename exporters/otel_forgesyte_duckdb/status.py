"""Where every accepted record is now: stored, spooled, set aside or dropped; and whether it is.

Two sides are counted apart. What came in: each writer's own tally, and what was turned away at the
door. What is there: the ledger in the database, the spool, the dead letters, the losses.
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import orjson

from otel_forgesyte_duckdb.accounts import Account, Intake, account_in
from otel_forgesyte_duckdb.dead_letters import count_letters, letters_by_writer
from otel_forgesyte_duckdb.destinations import destination_of
from otel_forgesyte_duckdb.election import drainer_pid
from otel_forgesyte_duckdb.losses import AFTER_INTAKE
from otel_forgesyte_duckdb.resolving import on_their_way
from otel_forgesyte_duckdb.segments import NOBODY, RECORDS, SIGNALS, SegmentFile, list_segments
from otel_forgesyte_duckdb.stores import live_store
from otel_forgesyte_duckdb.tallies import read_tallies
from otel_forgesyte_schema.errors import ConfigError, DatabaseLocked

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    import duckdb

    from otel_forgesyte_duckdb.settings import Settings

_Answer = TypeVar("_Answer")
_LOOKS = 4
_BETWEEN_LOOKS_S = 0.05


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """The sum a user can check: accepted = stored + spooled_lines + dead_lines + Σ dropped.

    Counts are lines: a start record of a running span is one too.
    """

    spooled_segments: int
    spooled_lines: int
    spooled_bytes: int
    dead_lines: int
    dropped: dict[str, int]
    """By reason: in the database, on its way there, and in the memory of this process."""
    stored: int | None
    """None when the database was held or is not there; then `spooled_lines` may count stored lines
    too."""
    drainer: int | None
    """Process that drains this spool, if any."""
    oldest_segment_age_s: float | None
    accepted: int | None
    """By all writers there ever were, as they counted it; None while the database is held."""

    @property
    def unaccounted(self) -> int | None:
        """How many accepted records are nowhere: 0, unless a segment or the database was removed.

        Negative, if something is there twice; None while the database is held.
        """
        if self.accepted is None:
            return None
        dropped = sum(self.dropped.values())
        found = (self.stored or 0) + self.spooled_lines + self.dead_lines + dropped
        return self.accepted - found


def store_status(settings: Settings, timeout_s: float = 2.0) -> StoreStatus:
    """Return the state of a target; reads the spool, and the database where it can be had.

    Raises:
        SchemaMismatch: the database holds no tables of ours.
        duckdb.Error: the database cannot be read.
    """
    status = _looked_at(settings, timeout_s)
    for _ in range(_LOOKS):
        if not status.unaccounted:
            break
        # A file renamed while its folder was being listed can be in the list twice, or not at all.
        time.sleep(_BETWEEN_LOOKS_S)
        status = _looked_at(settings, timeout_s)
    return status


def _looked_at(settings: Settings, timeout_s: float) -> StoreStatus:
    spool = settings.spool
    live = live_store(settings)
    # Before the segments: lines are written first and counted then, so none will seem missing.
    tallies = _tallies(spool)
    with _database_if_free(settings, timeout_s) as connection:
        # Inside: while this holds the database, no segment can move from the spool into it.
        segments = list_segments(spool)
        account = account_in(connection, segments) if connection else Account()
        waiting = [segment for segment in segments if segment.stem not in account.known]
        waiting += on_their_way(spool)
        records = {segment: _lines(segment) for segment in waiting if segment.signal in RECORDS}
        # What a drainer has set aside of a segment not yet stored is still in that segment.
        dead = count_letters(spool, without={segment.stem for segment in waiting})
        dropped = account.dropped
        for segment in waiting:
            if segment.signal == "losses":
                dropped.update(_losses_in(segment))
        for (signal, reason), count in (live.losses.waiting() if live else {}).items():
            if signal not in SIGNALS[:2]:
                dropped[reason] += count
        accepted = _accepted(account, tallies, records, letters_by_writer(spool))
    return StoreStatus(
        spooled_segments=len(records),
        spooled_lines=sum(records.values()),
        spooled_bytes=sum(segment.size for segment in records),
        dead_lines=dead,
        dropped=dict(dropped),
        stored=account.stored if connection else None,
        drainer=drainer_pid(spool),
        oldest_segment_age_s=_oldest_age_s(list(records)),
        accepted=accepted if _is_known(settings, connection) else None,
    )


def _accepted(
    account: Account, tallies: Intake, records: dict[SegmentFile, int], letters: Intake
) -> int:
    """Return what came in: by each writer's tally, and the losses that no writer has counted."""
    found = account.lines + letters
    for segment, lines in records.items():
        if not segment.writer.startswith(f"{NOBODY}-"):
            found[segment.writer, segment.signal] += lines
    # More is there than was counted where a process was killed in between, or never counted.
    taken_in = found | account.tallies | tallies
    turned_away = {reason: n for reason, n in account.dropped.items() if reason not in AFTER_INTAKE}
    return sum(taken_in.values()) + sum(turned_away.values())


def _tallies(spool: Path) -> Intake:
    return Intake(
        {
            (writer, signal): count
            for writer, counts in read_tallies(spool).items()
            for signal, count in counts.items()
        }
    )


def _is_known(settings: Settings, connection: duckdb.DuckDBPyConnection | None) -> bool:
    # Without a database nothing is stored; unless somebody made one while the spool was read.
    return connection is not None or settings.is_missing


@contextlib.contextmanager
def _database_if_free(
    settings: Settings, timeout_s: float
) -> Generator[duckdb.DuckDBPyConnection | None]:
    with contextlib.ExitStack() as stack:
        connection = None
        # Not there yet, or held: the spool alone still says much.
        with contextlib.suppress(ConfigError, DatabaseLocked):
            connection = stack.enter_context(destination_of(settings).reading(timeout_s))
        yield connection


def _losses_in(segment: SegmentFile) -> Counter[str]:
    counts: Counter[str] = Counter()
    for line in (_ask(segment, Path.read_bytes) or b"").splitlines():
        # The drainer sets a damaged line aside; one may also be half written at this moment.
        with contextlib.suppress(orjson.JSONDecodeError, KeyError, TypeError):
            loss = orjson.loads(line)
            if loss["signal"] not in SIGNALS[:2]:
                counts[loss["reason"]] += loss["count"]
    return counts


def _lines(segment: SegmentFile) -> int:
    if segment.lines is not None:
        return segment.lines
    return (_ask(segment, Path.read_bytes) or b"").count(b"\n")


def _oldest_age_s(segments: list[SegmentFile]) -> float | None:
    found = [_ask(segment, Path.stat) for segment in segments]
    times = [status.st_mtime for status in found if status is not None]
    return max(0.0, time.time() - min(times)) if times else None


def _ask(segment: SegmentFile, question: Callable[[Path], _Answer]) -> _Answer | None:
    """Ask about a segment that its writer may have sealed since; None when it is drained."""
    with contextlib.suppress(FileNotFoundError):
        return question(segment.path)
    for sealed in segment.path.parent.glob(f"{segment.stem}-*.seg"):
        with contextlib.suppress(FileNotFoundError):
            return question(sealed)
    return None

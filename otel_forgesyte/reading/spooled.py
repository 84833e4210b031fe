"""What still waits in the spool, read together with what the database holds.

A copy of both in memory: nothing on disk changes, so it works beside any number of writers and on
a database one may only read. Its cost is reading the whole database and holding it in memory, and
the file is held for all of it; that suits a look at a working machine, not a year of history.
"""

from __future__ import annotations

import contextlib
import logging
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

    from duckdb import DuckDBPyConnection

    from otel_forgesyte_duckdb.ingesting import Portion
    from otel_forgesyte_duckdb.segments import SegmentFile

__all__ = ["add_spool", "copy_database", "empty_copy"]

_logger = logging.getLogger(__name__)


def copy_database(connection: DuckDBPyConnection) -> None:
    """Copy the database in use (``db``) into memory and use the copy."""
    connection.execute("ATTACH ':memory:' AS snapshot")
    connection.execute("COPY FROM DATABASE db TO snapshot")
    connection.execute("USE snapshot")


def empty_copy() -> DuckDBPyConnection:
    """A connection using an empty database in memory: nothing has been drained yet."""
    import duckdb

    from otel_forgesyte_schema import apply

    connection = duckdb.connect()
    connection.execute("ATTACH ':memory:' AS snapshot")
    connection.execute("USE snapshot")
    apply(connection, version("otel-forgesyte"))
    return connection


def add_spool(connection: DuckDBPyConnection, spool: Path) -> None:
    """Store in the database in use (a copy) what the spool holds and the ledger does not.

    Call it while the file is held: nobody drains then, so no segment vanishes underneath. A segment
    that cannot be read is left out with a warning; draining will sort out its lines.
    """
    import duckdb

    from otel_forgesyte_duckdb.ingesting import LineCountMismatch, already_stored, store
    from otel_forgesyte_schema import prepare

    # A cursor has temporary tables of its own: ingestion's are not there for SHOW TABLES to show.
    with connection.cursor() as loader, _portions(spool) as portions:
        loader.execute("USE snapshot")
        prepare(loader)
        known = already_stored(loader, [portion.segment for portion in portions])
        for portion in portions:
            if portion.segment.stem in known:
                continue
            try:
                # One at a time: a segment that cannot be read must not take the others with it.
                store(loader, [portion])
            except (duckdb.Error, LineCountMismatch) as error:
                _logger.warning("left out %s: %s", portion.segment.path, error)


@contextlib.contextmanager
def _portions(spool: Path) -> Generator[list[Portion]]:
    """What to store, in an order in which nothing precedes what it refers to."""
    from otel_forgesyte_duckdb.segments import SIGNALS, list_segments

    found = sorted(list_segments(spool), key=lambda segment: SIGNALS.index(segment.signal))
    # mkdtemp gives 0700: the copies are as private as the spool.
    with tempfile.TemporaryDirectory(prefix="otel-forgesyte-") as folder:
        portions = (_portion(segment, Path(folder)) for segment in found)
        yield [portion for portion in portions if portion is not None]


def _portion(segment: SegmentFile, folder: Path) -> Portion | None:
    """The segment's whole lines: its own file once it is sealed, before that a copy."""
    from otel_forgesyte_duckdb.ingesting import Portion, whole

    if segment.lines is not None:
        return whole(segment)
    try:
        content = segment.path.read_bytes()
    except FileNotFoundError:  # its writer sealed it since the listing
        return _sealed_portion(segment)
    end = content.rfind(b"\n") + 1
    if end == 0:
        return None
    copy = folder / f"{segment.stem}.jsonl"
    copy.write_bytes(content[:end])
    return Portion(segment, copy, content.count(b"\n", 0, end))


def _sealed_portion(segment: SegmentFile) -> Portion | None:
    from otel_forgesyte_duckdb.ingesting import whole
    from otel_forgesyte_duckdb.segments import list_sealed

    sealed = (each for each in list_sealed(segment.path.parent) if each.stem == segment.stem)
    return next(map(whole, sealed), None)

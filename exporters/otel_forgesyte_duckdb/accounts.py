"""What a database says of the equation: the one place that asks a connection about it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from otel_forgesyte_duckdb.ingesting import already_stored
from otel_forgesyte_duckdb.segments import NOBODY, RECORDS
from otel_forgesyte_schema import SchemaMismatch, check_version, live_version

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from otel_forgesyte_duckdb.segments import SegmentFile

Intake = Counter[tuple[str, str]]
"""Records by writer and signal."""

# A segment that holds what an earlier one brought is no intake of its own.
_LINES = """
SELECT regexp_extract(segment, '^[0-9]+-[0-9a-f]+') AS writer, signal, sum(lines)::BIGINT
FROM otel.segments
WHERE signal IN (SELECT unnest($records)) AND segment NOT LIKE $nobody || '-%'
GROUP BY ALL
"""
_STORED = """
SELECT coalesce(sum(stored), 0)::BIGINT
FROM otel.segments
WHERE signal IN (SELECT unnest($records))
"""
_TALLIES = "SELECT writer, signal, max(accepted)::BIGINT FROM otel.writers GROUP BY ALL"
_DROPPED = """
SELECT reason, sum(count)::BIGINT
FROM otel.loss_ledger
WHERE signal NOT IN ('resources', 'losses')
GROUP BY reason
"""
_HAS_TABLES = "SELECT 1 FROM duckdb_tables() WHERE database_name = current_database() LIMIT 1"


@dataclass(frozen=True, slots=True)
class Account:
    """One database's part of the equation; as of an empty one, where there is none yet."""

    stored: int = 0
    lines: Intake = field(default_factory=Intake)
    """Of the segments that were taken in, stored or set aside."""
    tallies: Intake = field(default_factory=Intake)
    """What writers that have ended say they accepted."""
    dropped: Counter[str] = field(default_factory=Counter[str])
    """By reason."""
    known: frozenset[str] = frozenset()
    """Which of the segments asked about it has."""


def account_in(connection: duckdb.DuckDBPyConnection, waiting: Sequence[SegmentFile]) -> Account:
    """Ask the database in use, also which of the waiting segments it has already.

    Raises:
        SchemaMismatch: it holds other tables and none of ours, or is of another version.
    """
    import duckdb

    try:
        return _asked(connection, waiting)
    except duckdb.CatalogException:
        version = live_version(connection)
        if version is not None:
            check_version(version)
            raise
        if connection.execute(_HAS_TABLES).fetchone() is None:
            return Account()  # whoever made it was stopped before it could make more
        raise SchemaMismatch(
            "the database holds no otel-forgesyte tables: nothing is stored there yet, or it is not"
            " the right file"
        ) from None


def _asked(connection: duckdb.DuckDBPyConnection, waiting: Sequence[SegmentFile]) -> Account:
    records = {"records": list(RECORDS)}
    [(stored,)] = connection.execute(_STORED, records).fetchall()
    lines = connection.execute(_LINES, records | {"nobody": NOBODY}).fetchall()
    tallies = connection.execute(_TALLIES).fetchall()
    dropped = connection.execute(_DROPPED).fetchall()
    return Account(
        stored,
        Intake({(writer, signal): count for writer, signal, count in lines}),
        Intake({(writer, signal): count for writer, signal, count in tallies}),
        Counter(dict(dropped)),
        frozenset(already_stored(connection, waiting)),
    )

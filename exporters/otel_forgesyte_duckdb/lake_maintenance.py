"""Keeping a lake in shape: inlined rows into Parquet, small files into large, old snapshots away.

Each step is a transaction of DuckLake's own, so this may be killed anywhere: what a step had not
committed has not happened. A file that it was just writing stays, unknown to the lake: DuckLake
would take every unknown file in the data path for one of those, and another lake may have its own
there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from otel_forgesyte_duckdb.lake import LakeDestination
from otel_forgesyte_schema.errors import ConfigError

if TYPE_CHECKING:
    import duckdb

    from otel_forgesyte_duckdb.settings import Settings

# CALL, although its rows are only counted: as a table in SELECT, expiring has no effect.
_FLUSH = "CALL ducklake_flush_inlined_data('db')"
# Files with deleted rows are not merged, and each job that ends deletes its row of when it ran: 6
# files of job_metrics with 5 of deletions stayed 11. Below a tenth it is not worth the writing.
_REWRITE = "CALL ducklake_rewrite_data_files('db', delete_threshold => 0.1)"
_MERGE = "CALL ducklake_merge_adjacent_files('db')"
_EXPIRE = "CALL ducklake_expire_snapshots('db', older_than => {moment})"
_CLEAN = "CALL ducklake_cleanup_old_files('db', older_than => {moment})"
_SNAPSHOTS = "SELECT count(*) FROM ducklake_snapshots('db')"
_FILES = (
    "SELECT coalesce(sum(file_count + delete_file_count), 0)::BIGINT FROM ducklake_table_info('db')"
)
_MOMENT = "now() - to_seconds({seconds:d})"


@dataclass(frozen=True, slots=True)
class Maintained:
    """What was done to a lake."""

    flushed_tables: int
    """Tables whose rows went from the catalog into Parquet files."""
    expired_snapshots: int
    removed_files: int
    files_before: int
    files_after: int
    """Parquet files in use."""


def maintain(settings: Settings, keep_days: float = 7.0) -> Maintained:
    """Flush, rewrite, merge, let snapshots older than `keep_days` go, and files that none needs.

    Nobody else writes meanwhile; records wait in the spools.

    Raises:
        ConfigError: the target is no lake.
        DatabaseLocked: somebody else writes to it.
        duckdb.Error: a step failed; those before it are done.
    """
    lake = settings.lake
    if lake is None:
        raise ConfigError(f"{settings.target} is no lake: `otel-forgesyte compact` is for a file")
    moment = _MOMENT.format(seconds=int(keep_days * 86_400))
    with LakeDestination(settings, lake).writing() as connection:
        before = _count(connection, _FILES)
        flushed = connection.execute(_FLUSH).fetchall()
        connection.execute(_REWRITE).fetchall()
        connection.execute(_MERGE).fetchall()
        snapshots = _count(connection, _SNAPSHOTS)
        # Its rows are not fetched: they have TIMESTAMPTZ, for which Python would need pytz.
        connection.execute(_EXPIRE.format(moment=moment))
        expired = snapshots - _count(connection, _SNAPSHOTS)
        # A reader that began before the merge may still be reading what it replaced.
        removed = connection.execute(_CLEAN.format(moment=moment)).fetchall()
        return Maintained(len(flushed), expired, len(removed), before, _count(connection, _FILES))


def _count(connection: duckdb.DuckDBPyConnection, question: str) -> int:
    row = connection.execute(question).fetchone()
    return 0 if row is None else int(row[0])

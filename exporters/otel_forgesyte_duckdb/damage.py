"""A database file that cannot be used any more: moved aside, never deleted, and said loudly."""

from __future__ import annotations

import logging
import re
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_logger = logging.getLogger(__name__)

# Gathered by damaging files byte by byte under DuckDB 1.5.5 (IOException) and 2.0 (bare Error).
_DAMAGED_LOG = "Failure while replaying WAL file"
_DAMAGED_FILE = (
    "Corrupt database file",
    "Could not read enough bytes from file",
)
_NOT_DUCKDB = "not a valid DuckDB database file"
_VERSION_IN_HEADER = slice(52, 84)


def set_aside_if_damaged(database: Path, error: Exception) -> bool:
    """Move the damaged file out of the way when the error says it is damaged; tell whether it was.

    A damaged write-ahead log alone is moved alone: what it held is still in the spool, because a
    segment is removed only after a checkpoint.
    """
    text = str(error)
    log = database.with_name(f"{database.name}.wal")
    if _DAMAGED_LOG in text:
        _set_aside(log, error)
        return True
    was_ours = _NOT_DUCKDB in text and _looks_like_a_ruined_database(database)
    if was_ours or any(sign in text for sign in _DAMAGED_FILE):
        moment = _set_aside(database, error)
        if log.exists():
            log.rename(f"{log}.corrupt.{moment}")
        return True
    return False


def _set_aside(path: Path, error: Exception) -> str:
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    aside = f"{path}.corrupt.{moment}"
    path.rename(aside)
    _logger.critical(
        "%s is damaged and was moved to %s; a fresh one follows: %s", path, aside, error
    )
    return moment


def _looks_like_a_ruined_database(path: Path) -> bool:
    # Somebody's photograph given by mistake as the database must stay where it is.
    with path.open("rb") as file:
        head = file.read(_VERSION_IN_HEADER.stop)
    return (
        not head.strip(b"\0")  # truncated to nothing, or zeroed
        or head[8:12] == b"DUCK"
        or re.match(rb"v\d+\.\d+", head[_VERSION_IN_HEADER]) is not None
    )

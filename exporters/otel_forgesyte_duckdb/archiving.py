"""Deleted rows as Parquet: each row is in the database or in a recorded file, whatever is killed.

    intent  ->  file.partial, fsync, rename  ->  its row in otel.archives, DELETE, view  ->  COMMIT

Views read recorded files only, so a file whose transaction was never committed shows nothing. The
intent names it, and whoever archives next removes it: a program that reads the folder without the
database would see its rows twice.
"""

from __future__ import annotations

import datetime as dt
import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from otel_forgesyte_schema.archives import recorded_archives, show_archives
from otel_forgesyte_schema.sqlfiles import sql_file

if TYPE_CHECKING:
    import duckdb

    from otel_forgesyte_duckdb.settings import Settings
    from otel_forgesyte_schema.retained import RetainedTable

_SUFFIX = ".partial"


class Archive:
    """One folder of Parquet files, by table and day: `otel.spans/date=2026-11-20/….parquet`."""

    def __init__(self, settings: Settings) -> None:
        self._root = Path(settings.archive_directory).absolute()
        self._base = settings.database_path.parent
        self._intent = settings.spool / "archiving"

    def clear(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Remove what a killed archiver wrote and never committed."""
        if not self._intent.exists():
            return
        orphan = Path(self._intent.read_text(encoding="utf-8"))
        # Nothing told: killed while the intent was being written, so before the file.
        if orphan.name and orphan not in {each.path for each in recorded_archives(connection)}:
            orphan.unlink(missing_ok=True)
            orphan.with_name(orphan.name + _SUFFIX).unlink(missing_ok=True)
        self._intent.unlink()

    def take(
        self, connection: duckdb.DuckDBPyConnection, table: RetainedTable, day: dt.date, rows: int
    ) -> None:
        """Write the rows that `table` has picked, in the transaction that deletes them.

        Raises:
            OSError, duckdb.Error: they could not be written; roll back.
        """
        folder = table.table if "." in table.table else f"main.{table.table}"
        file = f"{folder}/date={day}/{uuid.uuid4().hex}.parquet"
        target = self._root / file
        self._intend(target)
        for part in (self._root, target.parent.parent, target.parent):  # parents get no mode
            part.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = target.with_name(target.name + _SUFFIX)
        partial.touch(mode=0o600)  # DuckDB would make it for everyone to read
        table.archive(connection, str(partial))
        _sync(partial)
        partial.rename(target)
        _sync_folder(target.parent)
        values = {"table_name": table.name, "date": day, "rows": rows, "file": file}
        self._record(connection, values | {"bytes": target.stat().st_size})
        show_archives(connection)

    def settle(self) -> None:
        """Forget the intent: the transaction is committed."""
        self._intent.unlink(missing_ok=True)

    def _intend(self, target: Path) -> None:
        self._intent.parent.mkdir(
            mode=0o700, parents=True, exist_ok=True
        )  # a restored copy has none
        with os.fdopen(os.open(self._intent, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.truncate()
            file.write(str(target))
            file.flush()
            os.fsync(file.fileno())

    def _record(self, connection: duckdb.DuckDBPyConnection, values: dict[str, Any]) -> None:
        inside = self._root.is_relative_to(self._base)
        folder = self._root.relative_to(self._base) if inside else self._root
        place = {
            "folder": folder.as_posix(),
            "base": self._base.as_posix(),
            "now": dt.datetime.now(dt.timezone.utc).replace(tzinfo=None),
        }
        connection.execute(sql_file("maintenance", "record").sql, values | place)


def _sync(file: Path) -> None:
    descriptor = os.open(file, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    # The new name must be on disk before the DELETE is.
    if os.name != "nt":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

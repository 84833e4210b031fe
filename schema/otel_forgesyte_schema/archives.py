"""Archived rows in the views: which Parquet files there are, and where they lie now."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from otel_forgesyte_schema import order
from otel_forgesyte_schema.sqlfiles import sql_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otel_forgesyte_schema.connection import Connection

_RECORDED = (
    "SELECT table_name, base, folder, file FROM otel.archives ORDER BY table_name, date, file"
)
_PLACE = "SELECT path FROM duckdb_databases() WHERE database_name = current_database()"
_FORGET = "DELETE FROM otel.archives WHERE folder = ? AND file = ?"
_FOLDER = "otel_forgesyte_folder"
_GLOBBING = str.maketrans({"[": "[[]", "*": "[*]", "?": "[?]"})


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """One recorded file: its table, and where it was put."""

    table: str
    base: str
    folder: str
    file: str

    def found(self, here: Path) -> Path | None:
        """Return the base it lies below: `here` if moved along, else where it was put."""
        bases = (here, Path(self.base))
        return next((base for base in bases if (base / self.folder / self.file).is_file()), None)

    @property
    def path(self) -> Path:
        """Where it was put."""
        return Path(self.base, self.folder, self.file)


def recorded_archives(connection: Connection) -> list[ArchivedFile]:
    """Return the files that hold archived rows of the current database."""
    return [ArchivedFile(*row) for row in connection.execute(_RECORDED).fetchall()]


def archive_folders(connection: Connection) -> list[Path]:
    """Return the folders in which recorded files may lie."""
    here = _here(connection)
    files = recorded_archives(connection)
    return sorted({Path(base, each.folder) for each in files for base in (here, each.base)})


def forget_missing_archives(connection: Connection) -> list[ArchivedFile]:
    """Do without the missing files, in the caller's transaction; return those."""
    missing = missing_archives(connection)
    for each in missing:
        connection.execute(_FORGET, [each.folder, each.file])
    show_archives(connection)
    return missing


def missing_archives(connection: Connection) -> list[ArchivedFile]:
    """Return the recorded files that are not where they were put, nor beside the database."""
    here = _here(connection)
    return [file for file in recorded_archives(connection) if file.found(here) is None]


def show_archives(connection: Connection) -> None:
    """Let the views `otel.all_…` read the recorded files; where one is missing, say so instead.

    Runs in the caller's transaction.
    """
    here = _here(connection)
    files: defaultdict[str, list[ArchivedFile]] = defaultdict(list)
    for file in recorded_archives(connection):
        files[file.table].append(file)
    for name, table, _, _ in order.RETAINED:
        connection.execute(_view(name, table, files[name], here))


def find_moved_archives(connection: Connection) -> None:
    """Point this connection at files that were moved together with their database.

    The views name the place where the files were last seen; this connection's variable overrules
    that. A program that does not know the variable sees them again after the next housekeeping.
    """
    here = _here(connection)
    relative = next((f for f in recorded_archives(connection) if not _is_absolute(f.folder)), None)
    if relative is not None and relative.found(here) == here:
        connection.execute(f"SET VARIABLE {_FOLDER} = ?", [pattern(here)])


def _view(name: str, table: str, files: Sequence[ArchivedFile], here: Path) -> str:
    canonical = sql_file("views", f"all_{name}").sql
    if not files:
        return canonical
    found = [(file, file.found(here)) for file in files]
    missing = next((file for file, base in found if base is None), None)
    # The canonical view over more than its table: its columns are listed in one place only.
    part = sql_file("maintenance", "all_rows" if missing is None else "all_rows_missing").sql
    sql = canonical.replace(f"FROM {table};", part.replace("FROM TABLE", f"FROM {table}"))
    if missing is not None:
        what = (
            f"the archive file {missing.path} is missing: put it back, or run"
            " `otel-forgesyte prune --forget-missing` to do without its rows"
        )
        return sql.replace("MESSAGE", _literal(what))
    return sql.replace("FILES", ", ".join(_place(file, base) for file, base in found if base))


def _place(file: ArchivedFile, base: Path) -> str:
    if _is_absolute(file.folder):
        return _literal(pattern(Path(file.folder, file.file)))
    rest = _literal("/" + pattern(Path(file.folder, file.file)))
    return f"coalesce(getvariable('{_FOLDER}'), {_literal(pattern(base))}) || {rest}"


def _here(connection: Connection) -> Path:
    path = connection.execute(_PLACE).fetchall()[0][0]
    return Path(path).absolute().parent if path else Path.cwd()


def _is_absolute(folder: str) -> bool:
    return Path(folder).is_absolute()


def pattern(path: Path) -> str:
    """Return a path as `read_parquet` has to be given it, which takes every path for a pattern."""
    return path.as_posix().translate(_GLOBBING)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"

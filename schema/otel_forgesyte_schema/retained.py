"""Deleting old rows: the calls that run maintenance/*.sql, all in the caller's transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from otel_forgesyte_schema import order
from otel_forgesyte_schema.sqlfiles import sql_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from otel_forgesyte_schema.connection import Connection

# Not by a cast, with which DuckDB 2 rounds nanoseconds: the last of a day would be the next day's,
# in which there is nothing to pick, for ever.
_OLDEST = "SELECT make_timestamp(epoch_ns(min(MOMENT)) // 1000) FROM TABLE"
_COUNT = "SELECT count(*) FROM TABLE"
_COUNT_BEFORE = "SELECT count(*) FROM TABLE WHERE MOMENT < $until::TIMESTAMP"
_DOOMED = "SELECT count(*) FROM doomed"
_NAMED = """
SELECT count(*)
FROM settled JOIN otel.segments AS ledger ON ledger.rowid = settled.row
WHERE ledger.segment IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class RetainedTable:
    """A table whose rows may go with age. `moment` is when a row happened, in SQL."""

    name: str
    table: str
    moment: str
    before_delete: tuple[str, ...]

    def sql(self, text: str) -> str:
        """Return a maintenance file's SQL for this table."""
        of_table = text.replace("FROM TABLE", f"FROM {self.table}")
        return of_table.replace("MOMENT", self.moment).replace("'TABLE'", f"'{self.table}'")

    def oldest(self, connection: Connection) -> datetime | None:
        """Return the time of the oldest row (naive UTC); None without rows that have a time."""
        oldest: datetime | None = _only(connection, self.sql(_OLDEST))
        return oldest

    def rows(self, connection: Connection, until: datetime | None = None) -> int:
        """Count the rows, or those before a time."""
        if until is None:
            return int(_only(connection, self.sql(_COUNT)) or 0)
        return int(_only(connection, self.sql(_COUNT_BEFORE), {"until": until}) or 0)

    def bytes(self, connection: Connection) -> int:
        """Return about how many bytes of the file the table takes."""
        return int(_only(connection, self._file("table_bytes")) or 0)

    def dead_bytes(self, connection: Connection) -> int:
        """Return about how many of those hold rows that are deleted, and not yet other ones."""
        return int(_only(connection, self._file("dead_bytes")) or 0)

    def pick(self, connection: Connection, since: datetime, until: datetime, most: int) -> int:
        """Choose up to `most` rows of that time for `archive` and `delete`; return how many."""
        values = {"since": since, "until": until, "most": most}
        connection.execute(self._file("pick"), values)
        return int(_only(connection, _DOOMED) or 0)

    def archive(self, connection: Connection, path: str) -> None:
        """Copy the chosen rows to a new Parquet file."""
        connection.execute("SET VARIABLE otel_forgesyte_archive_file = ?", [path])
        connection.execute(self._file("archive"))

    def delete(self, connection: Connection) -> None:
        """Delete the chosen rows, after what they say is summed up."""
        for step in (*self.before_delete, "delete"):
            connection.execute(self._file(step))

    def _file(self, name: str) -> str:
        return self.sql(sql_file("maintenance", name).sql)


RETAINED_TABLES = tuple(RetainedTable(*row) for row in order.RETAINED)
"""In the order in which old rows are looked for."""
SIZED_TABLES = RETAINED_TABLES[:3]
"""Those that also go for their size."""


def used_bytes(connection: Connection) -> int:
    """Return the bytes of the file that are in use."""
    return int(_only(connection, sql_file("maintenance", "used_bytes").sql) or 0)


def sized_bytes(connection: Connection) -> int:
    """Return what is in use without deleted rows of the tables that go for their size."""
    return used_bytes(connection) - sum(table.dead_bytes(connection) for table in SIZED_TABLES)


def settle_ledger(connection: Connection, before: datetime, spooled: Sequence[str]) -> int:
    """Add up ledger rows of segments that cannot come back; return how many rows that were."""
    values = {"before": before, "spooled": list(spooled)}
    connection.execute(sql_file("maintenance", "settle_pick").sql, values)
    settled = int(_only(connection, _NAMED) or 0)
    if settled:
        connection.execute(sql_file("maintenance", "settle_add").sql)
        connection.execute(sql_file("maintenance", "settle_delete").sql)
    return settled


def last_run(connection: Connection) -> datetime | None:
    """Return when retention last ran (naive UTC), or else when the database was created."""
    ran_at: datetime | None = _only(connection, sql_file("maintenance", "last_run").sql)
    return ran_at


def remember_run(connection: Connection, now: datetime) -> None:
    """Note that retention has run."""
    connection.execute(sql_file("maintenance", "ran_delete").sql)
    connection.execute(sql_file("maintenance", "ran_insert").sql, {"now": now})


def _only(connection: Connection, sql: str, values: object = None) -> Any:
    row = connection.execute(sql, values).fetchone()
    return None if row is None else row[0]

"""What tables and views a database has, as values that can be compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from otel_forgesyte_schema.creating import create_objects, lacking
from otel_forgesyte_schema.sqlfiles import sql_file

if TYPE_CHECKING:
    from otel_forgesyte_schema.connection import Connection

_CANONICAL = "otel_forgesyte_canonical"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its type as DuckDB prints it, whether it may be null, its default."""

    type: str
    nullable: bool
    default: str | None

    def __str__(self) -> str:
        """Return it as a table's definition would show it."""
        default = "" if self.default is None else f" DEFAULT {self.default}"
        return f"{self.type}{'' if self.nullable else ' NOT NULL'}{default}"


@dataclass(frozen=True, slots=True)
class Shape:
    """One table or view: its columns in order, and what a table carries besides them.

    `additions` are indexes and constraints other than the primary key, as DuckDB prints them.
    """

    kind: str
    columns: dict[str, Column]
    primary_key: tuple[str, ...]
    additions: tuple[str, ...]


def shapes(connection: Connection) -> dict[str, Shape]:
    """Return the objects in `main` and `otel` of the current database, by full name."""
    columns: dict[str, dict[str, Column]] = {}
    for table, name, *column in _catalog(connection, "columns"):
        columns.setdefault(table, {})[name] = Column(*column)
    keys = {name: tuple(key) for name, key in _catalog(connection, "primary_keys")}
    additions: dict[str, list[str]] = {}
    for table, addition in _catalog(connection, "additions"):
        additions.setdefault(table, []).append(addition)
    return {
        name: Shape(kind, columns.get(name, {}), keys.get(name, ()), tuple(additions.get(name, ())))
        for name, kind in _catalog(connection, "objects")
    }


def canonical_shapes(connection: Connection) -> dict[str, Shape]:
    """Return what a fresh database of this kind would have, by creating one in memory.

    So there is no second description of the schema that could disagree with the SQL files. Call it
    outside a transaction. The connection's current database is the same afterwards.
    """
    database, schema = connection.execute("SELECT current_database(), current_schema()").fetchall()[
        0
    ]
    replacements = lacking(connection)
    connection.execute(f"ATTACH ':memory:' AS {_CANONICAL}")
    try:
        connection.execute(f"USE {_CANONICAL}")
        create_objects(connection, replacements)
        return shapes(connection)
    finally:
        connection.execute(f"USE {quoted(database)}.{quoted(schema)}")
        connection.execute(f"DETACH {_CANONICAL}")


def quoted(identifier: str) -> str:
    """Return an identifier in double quotes: the only way one from outside gets into SQL here."""
    escaped = identifier.replace('"', '""')
    return f'"{escaped}"'


def _catalog(connection: Connection, question: str) -> list[tuple[Any, ...]]:
    return connection.execute(sql_file("catalog", question).sql).fetchall()

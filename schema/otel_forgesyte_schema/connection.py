"""What this package asks of a database connection."""

from __future__ import annotations

from typing import Any, Protocol


class Connection(Protocol):
    """The three calls used here; DuckDB's own connection and cursor satisfy it.

    A protocol rather than DuckDB's type, because this package imports the standard library only: an
    application process may load the schema without paying for DuckDB (28-40 MB and 80-170 ms).
    """

    def execute(self, query: str, parameters: object = None) -> Connection:
        """Run one statement, or several where there are no parameters."""
        ...

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the next row of the last result, or None at its end."""
        ...

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return the remaining rows of the last result."""
        ...

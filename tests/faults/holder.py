"""Has the database open when told to, as a person at a DuckDB prompt does."""

from __future__ import annotations

import contextlib
import sys
import time

import duckdb


def main(database: str) -> None:
    connection: duckdb.DuckDBPyConnection | None = None
    for line in sys.stdin:
        if line.strip() == "hold":
            while connection is None:
                with contextlib.suppress(duckdb.Error):  # somebody else has it just now
                    connection = duckdb.connect(database)
                time.sleep(0.02)
        elif connection is not None:
            connection.close()
            connection = None
        sys.stdout.write("true\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])

"""The questions people ask, each one SQL file with its parameters by name."""

from __future__ import annotations

from otel_forgesyte_schema import order
from otel_forgesyte_schema.sqlfiles import sql_file


def query(name: str) -> str:
    """Return the SQL of a question; its `$parameters` are named in the file's first lines.

    It reads the four tables by bare name and the rest as `otel.…`, so it runs on a connection to
    the file itself and after `USE` of an attached, read-only one.

    Raises:
        KeyError: there is no such question.
    """
    if name not in order.QUERIES:
        raise KeyError(f"unknown query {name!r}; known are {', '.join(order.QUERIES)}")
    return sql_file("queries", name).sql

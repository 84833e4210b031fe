"""Values put into SQL for a server come back as they went in, whatever is in them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import UUID

import duckdb
import pytest

from otel_forgesyte.reading.values_in_sql import with_values

VALUES: list[Any] = [
    None,
    True,
    7,
    -(2**62),
    1.5,
    "",
    "it's",
    "'; DROP TABLE jobs; --",
    "$name ? $1",
    'back\\slash "quoted" $$dollars$$',
    "line\nbreak\ttab ☃ \u202e",
    "x" * 100_000,
    Decimal("1.10"),
    UUID(int=7),
    dt.datetime(2026, 1, 2, 3, 4, 5, 6),  # noqa: DTZ001 - naive UTC, as everywhere
    dt.date(2026, 1, 2),
    b"\x00\xff'",
    ["it's", "a,b", "[c]"],
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:20])
def test_a_value_is_what_a_bound_parameter_would_be(value: Any) -> None:
    with duckdb.connect() as connection:
        sql = "SELECT $name AS value, typeof($name) AS kind"
        bound = connection.execute(sql, {"name": value}).fetchall()
        written = with_values(connection, sql, {"name": value})
        assert connection.execute(written).fetchall() == bound
        by_place = with_values(connection, "SELECT ?, 1", [value])
        assert connection.execute(by_place).fetchall() == [(bound[0][0], 1)]


def test_only_parameters_are_replaced_and_only_in_a_select() -> None:
    with duckdb.connect() as connection:
        written = with_values(connection, "SELECT '$a', $a -- $a\n", {"a": "b"})
        assert connection.execute(written).fetchall() == [("$a", "b")]
        with pytest.raises(ValueError, match="only a SELECT"):
            with_values(connection, "DELETE FROM jobs WHERE id = $a", {"a": 1})
        with pytest.raises(ValueError, match="parameter b has no value"):
            with_values(connection, "SELECT $a, $b", {"a": 1})
        with pytest.raises(ValueError, match="NUL"):
            with_values(connection, "SELECT $a", {"a": "cut\0off"})

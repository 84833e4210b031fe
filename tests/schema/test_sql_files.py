"""The SQL files: all of them listed, one object each, with the reasons beside the columns."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

from otel_forgesyte_schema import order
from otel_forgesyte_schema.sqlfiles import sql_file

FOLDERS = {
    "tables": order.TABLES,
    "views": order.VIEWS,
    "macros": order.MACROS,
    "repairs": order.REPAIRS,
    "catalog": order.CATALOG,
    "queries": order.QUERIES,
    "maintenance": order.MAINTENANCE,
    "projections": tuple(name for name, _ in order.PROJECTIONS),
    "migrations": tuple(f"{version:04d}_{name}" for version, name in order.MIGRATIONS),
    "ingest": order.SIGNALS + tuple(f"segment_{signal}" for signal in order.SIGNALS),
}
LISTED = [(folder, name) for folder, names in FOLDERS.items() for name in names]


def test_every_file_on_disk_is_listed_and_every_listed_file_is_there() -> None:
    package = Path(str(files("otel_forgesyte_schema")))
    on_disk = sorted((path.parent.name, path.stem) for path in package.glob("*/*.sql"))

    assert on_disk == sorted(LISTED)


@pytest.mark.parametrize(("folder", "name"), LISTED)
def test_a_file_begins_with_what_it_is_for(folder: str, name: str) -> None:
    file = sql_file(folder, name)

    assert file.sql.startswith("-- ")
    assert file.path == f"{folder}/{name}.sql"


@pytest.mark.parametrize("name", order.TABLES)
def test_a_tables_file_creates_that_table_and_says_why_its_columns_are_as_they_are(
    name: str,
) -> None:
    sql = sql_file("tables", name).sql
    lines = [line.strip() for line in sql.splitlines()]
    comments = [line for line in lines if line.startswith("--")]

    assert re.findall(r"CREATE TABLE IF NOT EXISTS (?:otel\.)?(\w+) \(", sql) == [name]
    assert len(comments) >= 4


@pytest.mark.parametrize("name", order.VIEWS)
def test_a_views_file_creates_that_view_in_otel(name: str) -> None:
    created = re.findall(r"CREATE OR REPLACE VIEW (\S+) AS", sql_file("views", name).sql)

    assert created == [f"otel.{name}"]


@pytest.mark.parametrize("name", order.MACROS)
def test_a_macros_file_creates_that_macro_for_this_connection_only(name: str) -> None:
    created = re.findall(r"CREATE OR REPLACE TEMP MACRO (\w+)\(", sql_file("macros", name).sql)

    assert created == [name]


@pytest.mark.parametrize(("folder", "name"), LISTED)
def test_no_line_is_longer_than_a_hundred_and_ten_characters(folder: str, name: str) -> None:
    assert [line for line in sql_file(folder, name).sql.splitlines() if len(line) > 110] == []

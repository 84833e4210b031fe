"""Bring a database to this package's schema, or say plainly why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otel_forgesyte_schema import order
from otel_forgesyte_schema.creating import create_objects, lacking, transaction
from otel_forgesyte_schema.drift import Drift, differences
from otel_forgesyte_schema.errors import SchemaMismatch, SchemaTooNew
from otel_forgesyte_schema.shape import canonical_shapes, shapes
from otel_forgesyte_schema.stamping import live_version, stamp

if TYPE_CHECKING:
    from otel_forgesyte_schema.connection import Connection


def apply(connection: Connection, package_version: str, *, thorough: bool = False) -> None:
    """Create the schema in the current database and stamp its version; existing data stays.

    A database that bears this version is taken at its word (three small queries, 1.5 ms), so this
    may run at every start. `thorough` looks for itself: it creates tables that were dropped since,
    and every view anew. Call it outside a transaction: it opens its own, so a crash leaves
    everything or nothing.

    Raises:
        SchemaTooNew: a newer package wrote the database.
        SchemaMismatch: an older package did and it has not been migrated, tables of our names are
            there already with other columns (`thorough`: or lack some of ours), or the database is
            attached under the name `otel`.
    """
    _refuse_ambiguous_name(connection)
    version = live_version(connection)
    if version is None:
        _create(connection, package_version)
        return
    check_version(version)
    if thorough:
        _complete(connection)


def check_version(version: int) -> None:
    """Raise unless a database of this version is one this package can read and write.

    Raises:
        SchemaTooNew: a newer package wrote it.
        SchemaMismatch: an older package did.
    """
    refuse_newer(version)
    if version < order.SCHEMA_VERSION:
        raise SchemaMismatch(
            f"the database has schema version {version}, this otel-forgesyte needs"
            f" {order.SCHEMA_VERSION}: run `otel-forgesyte schema migrate DATABASE`, which keeps a"
            " backup copy beside the file"
        )


def refuse_newer(version: int) -> None:
    """Raise `SchemaTooNew` if a database of this version was written by a newer package."""
    if version > order.SCHEMA_VERSION:
        raise SchemaTooNew(
            f"the database has schema version {version}, this otel-forgesyte knows up to"
            f" {order.SCHEMA_VERSION}: install an otel-forgesyte that has schema version {version}"
            " or newer (`pip install --upgrade otel-forgesyte`)"
        )


def _create(connection: Connection, package_version: str) -> None:
    _refuse_foreign_tables(connection)
    with transaction(connection):
        create_objects(connection, lacking(connection))
        stamp(connection, order.SCHEMA_VERSION, package_version)


def _complete(connection: Connection) -> None:
    # A column that a user added beside ours is theirs.
    wrong = [str(each) for each in _wrong_objects(connection) if each.kind != "extra"]
    if wrong:
        raise SchemaMismatch(
            "the database has tables that differ from this schema, and creating what is missing"
            f" does not change those: put them right or rename them ({'; '.join(wrong)})"
        )
    with transaction(connection):
        create_objects(connection, lacking(connection))


def _wrong_objects(connection: Connection) -> list[Drift]:
    # Only what is there by our names: what is not there can be created, and a view replaced.
    found = shapes(connection)
    if not found:
        return []
    wanted = canonical_shapes(connection)
    ours = {
        name: shape
        for name, shape in found.items()
        if name in wanted and not shape.kind == wanted[name].kind == "view"
    }
    return list(differences({name: wanted[name] for name in ours}, ours))


def _refuse_foreign_tables(connection: Connection) -> None:
    # CREATE TABLE IF NOT EXISTS accepts any table of the right name; the first batch would fail.
    wrong = [str(each) for each in _wrong_objects(connection)]
    if wrong:
        raise SchemaMismatch(
            "the database has tables of our names with other columns: rename them or use another"
            f" file ({'; '.join(wrong)})"
        )


def _refuse_ambiguous_name(connection: Connection) -> None:
    # DuckDB calls the database of a file otel.duckdb `otel`; `otel.spans` could then be its table
    # `spans` in `main`, and DuckDB refuses to choose.
    if connection.execute("SELECT current_database()").fetchall() == [("otel",)]:
        raise SchemaMismatch(
            "the database is attached under the name `otel`, which is also the schema's name:"
            " attach the file under another one (ATTACH 'otel.duckdb' AS db; USE db)"
        )

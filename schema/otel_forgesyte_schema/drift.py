"""Where a live database differs from the schema this package would create."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from otel_forgesyte_schema import order
from otel_forgesyte_schema.shape import Shape, canonical_shapes, shapes
from otel_forgesyte_schema.stamping import live_version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otel_forgesyte_schema.connection import Connection

_STAMP = "otel.schema_version"


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference: what kind, on which table or view, and what exactly."""

    kind: Literal["missing", "extra", "changed"]
    object: str
    detail: str

    def __str__(self) -> str:
        """Return it as one line for a person."""
        return f"{self.kind}: {self.object}: {self.detail}"


def drift(connection: Connection) -> list[Drift]:
    """Return every missing, extra or changed table, view and column of the current database.

    Compares names, types, nullability, defaults and primary keys in `main` and `otel`, the order of
    columns in `main`, and the version stamp; an index, another constraint, a macro, a sequence or a
    type is extra. Of a view only the columns are compared. Other schemas are the user's own.

    The connection must be able to attach a database in memory: attach the file read-only to a
    connection without a file, instead of connecting to it with `read_only=True`.
    """
    # Not the definitions of views: those of a file differ from the canonical ones in the same
    # connection although nobody touched them. DuckDB 2.0 prints `1e6` as CAST(1000000.0 AS DOUBLE)
    # once the file was reopened; in a file by 1.5.5 it finds CAST('f' AS BOOLEAN) for `false` and
    # main.list_value for list_value; 1.5.5 quotes "DOUBLE" and "UUID" in its own, not in 2.0's.
    # json_serialize_sql of both texts keeps all of these on 2.0 and half on 1.5.5, so whoever
    # changes DuckDB would be told of drift. `schema apply` renews every view regardless.
    canonical, live = canonical_shapes(connection), shapes(connection)
    found = [*differences(canonical, live), *_order_differences(canonical, live)]
    # A stamp table that is itself not what it should be cannot be asked.
    if all(each.object != _STAMP for each in found):
        found += _stamp_differences(connection)
    return found


def differences(wanted: dict[str, Shape], found: dict[str, Shape]) -> Iterator[Drift]:
    """Compare two descriptions of a database, object by object in order of name."""
    for name in sorted(wanted.keys() | found.keys()):
        if name not in found:
            yield Drift("missing", name, f"the whole {wanted[name].kind}")
        elif name not in wanted:
            yield Drift("extra", name, f"a {found[name].kind} this schema does not know")
        else:
            yield from _object_differences(name, wanted[name], found[name])


def _stamp_differences(connection: Connection) -> Iterator[Drift]:
    version = live_version(connection)
    if version is None:
        yield Drift("changed", _STAMP, f"has no version, not {order.SCHEMA_VERSION}")
    elif version != order.SCHEMA_VERSION:
        yield Drift("changed", _STAMP, f"says version {version}, not {order.SCHEMA_VERSION}")


def _order_differences(wanted: dict[str, Shape], found: dict[str, Shape]) -> Iterator[Drift]:
    # The order is part of the published contract, so of `main`; in `otel` a migration may append.
    for name in sorted(wanted.keys() & found.keys()):
        expected, actual = list(wanted[name].columns), list(found[name].columns)
        same = sorted(expected) == sorted(actual)
        if name.startswith("main.") and same and expected != actual:
            yield Drift("changed", name, f"columns stand in the order {', '.join(actual)}")


def _object_differences(name: str, wanted: Shape, found: Shape) -> Iterator[Drift]:
    if wanted.kind != found.kind:
        yield Drift("changed", name, f"is a {found.kind}, not a {wanted.kind}")
    for column in sorted(wanted.columns.keys() | found.columns.keys()):
        expected, actual = wanted.columns.get(column), found.columns.get(column)
        if actual is None:
            yield Drift("missing", name, f"column {column} {expected}")
        elif expected is None:
            yield Drift("extra", name, f"column {column} {actual}")
        elif expected != actual:
            yield Drift("changed", name, f"column {column} is {actual}, not {expected}")
    if wanted.primary_key != found.primary_key:
        yield Drift(
            "changed",
            name,
            f"primary key is ({', '.join(found.primary_key)}),"
            f" not ({', '.join(wanted.primary_key)})",
        )
    for addition in found.additions:
        if addition not in wanted.additions:
            yield Drift("extra", name, addition)

"""Whether this package can read what a database holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otel_forgesyte_schema.errors import SchemaMismatch

if TYPE_CHECKING:
    from otel_forgesyte_schema import Connection

__all__ = ["accepted_version", "readable_version"]


def readable_version(connection: Connection, path: object) -> int:
    """The schema version of the database in use, which is this package's own.

    Raises:
        SchemaTooNew: a newer package wrote it.
        SchemaMismatch: an older one did, or it is not one of ours.
    """
    from otel_forgesyte_schema import live_version

    found = live_version(connection)
    if found is None:
        raise SchemaMismatch(
            f"{path} holds no otel-forgesyte tables: is it the right file? "
            f"`otel-forgesyte schema apply {path}` would create them"
        )
    return accepted_version(found, path)


def accepted_version(found: int, where: object) -> int:
    """The version, which is this package's own.

    Raises:
        SchemaMismatch: it is not; names where it was found.
    """
    from otel_forgesyte_schema.applying import check_version

    try:
        check_version(found)
    except SchemaMismatch as error:
        raise type(error)(f"{where}: {error}") from None
    return found

"""Bring an older database to this package's schema: numbered steps, forward only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from otel_forgesyte_schema import order
from otel_forgesyte_schema.applying import apply, refuse_newer
from otel_forgesyte_schema.backup import back_up
from otel_forgesyte_schema.creating import create_objects, lacking, transaction
from otel_forgesyte_schema.drift import differences
from otel_forgesyte_schema.errors import SchemaMismatch
from otel_forgesyte_schema.shape import Shape, canonical_shapes, shapes
from otel_forgesyte_schema.sqlfiles import sql_file
from otel_forgesyte_schema.stamping import live_version, stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from otel_forgesyte_schema.connection import Connection


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: the version it leads to, what it does in a few words, and its SQL.

    The SQL changes what exists already (columns, contents). New tables and all views come from the
    canonical files afterwards, so a step never repeats them.
    """

    version: int
    name: str
    sql: str

    @property
    def only_adds(self) -> bool:
        """Whether it changes nothing that exists: its file holds comments alone."""
        lines = (line.strip() for line in self.sql.splitlines())
        return all(not line or line.startswith("--") for line in lines)


@dataclass(frozen=True, slots=True)
class MigrationReport:
    """What a migration did: versions before and after, and where the backup copy lies."""

    from_version: int
    to_version: int
    backup: str | None


MIGRATIONS: tuple[Migration, ...] = tuple(
    Migration(version, name, sql_file("migrations", f"{version:04d}_{name}").sql)
    for version, name in order.MIGRATIONS
)
"""Every step there is, in order. Version 1 is the first schema, so the first step leads to 2."""


def migrate(
    connection: Connection,
    package_version: str,
    *,
    migrations: Sequence[Migration] = MIGRATIONS,
    keep_copy: bool = True,
    on_progress: Callable[[str], None] | None = None,
) -> MigrationReport:
    """Migrate the current database, after a backup copy beside its file (`keep_copy`).

    All steps run in one transaction, and only if the outcome is the canonical schema is it
    committed; after any failure the database is what it was. Nothing happens, and nothing is
    copied, when it is up to date. `on_progress` is called with a few words before each part. Call
    it outside a transaction, on a connection that may write.

    Raises:
        SchemaTooNew: a newer package wrote the database.
        SchemaMismatch: it has no version stamp, there is no way from its version, or the steps did
            not lead to the canonical schema.
        OSError, duckdb.Error: the backup could not be written, or a step failed.
    """
    tell = on_progress or _silent
    version = _migratable_version(connection)
    steps = _steps_from(version, migrations)
    if not steps:
        return MigrationReport(version, version, None)
    canonical = canonical_shapes(connection)
    backup = None
    if keep_copy:
        tell("backup copy")
        backup = back_up(connection, version)
    with transaction(connection):
        for step in steps:
            tell(f"version {step.version}: {step.name}")
            if not step.only_adds:
                connection.execute(step.sql)
            stamp(connection, step.version, package_version)
        create_objects(connection, lacking(connection))
        _refuse_unexpected_outcome(canonical, shapes(connection))
    return MigrationReport(version, steps[-1].version, backup)


def bring_up_to_date(connection: Connection, package_version: str) -> None:
    """Do what a drainer may do by itself: create the schema, or migrate where that only adds to it.

    An application whose package was upgraded must not stop recording because nobody ran a command.
    Where every step only adds objects there is nothing to lose: one transaction creates them or
    none. So no copy is made, which for a large file could take minutes and the rest of the disk
    while records wait. A step that changes what exists stays a person's decision.

    Raises:
        SchemaTooNew, SchemaMismatch: as `apply`.
    """
    version = live_version(connection)
    steps = [] if version is None else [each for each in MIGRATIONS if each.version > version]
    if steps and all(step.only_adds for step in steps):
        migrate(connection, package_version, keep_copy=False)
    else:
        apply(connection, package_version)


def _silent(_: str) -> None:
    """Progress nobody asked for."""


def _migratable_version(connection: Connection) -> int:
    version = live_version(connection)
    if version is None:
        raise SchemaMismatch(
            "the database has no schema version, so there is nothing to migrate: run"
            " `otel-forgesyte schema apply DATABASE`"
        )
    refuse_newer(version)
    return version


def _steps_from(version: int, migrations: Sequence[Migration]) -> list[Migration]:
    steps = [step for step in migrations if step.version > version]
    if [step.version for step in steps] != list(range(version + 1, order.SCHEMA_VERSION + 1)):
        raise SchemaMismatch(
            f"there is no way from schema version {version} to {order.SCHEMA_VERSION}: migrate with"
            " an earlier otel-forgesyte first"
        )
    return steps


def _refuse_unexpected_outcome(wanted: dict[str, Shape], found: dict[str, Shape]) -> None:
    # What a user added beside our columns is theirs; it never stops an upgrade.
    wrong = [str(each) for each in differences(wanted, found) if each.kind != "extra"]
    if wrong:
        raise SchemaMismatch(
            f"the migration did not lead to schema version {order.SCHEMA_VERSION} and was rolled"
            f" back: {'; '.join(wrong)}"
        )

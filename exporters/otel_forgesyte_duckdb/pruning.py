"""Deleting old rows, a slice at a time: after each one the database is let go."""

from __future__ import annotations

import datetime as dt
import time
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from otel_forgesyte_duckdb.archiving import Archive
from otel_forgesyte_duckdb.destinations import destination_of
from otel_forgesyte_duckdb.ingesting import roll_back
from otel_forgesyte_duckdb.retention import parse_retention
from otel_forgesyte_schema import check_version, live_version
from otel_forgesyte_schema.errors import DatabaseLocked
from otel_forgesyte_schema.retained import RETAINED_TABLES, SIZED_TABLES, sized_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import duckdb

    from otel_forgesyte_duckdb.settings import Settings
    from otel_forgesyte_schema.retained import RetainedTable

# 50,000 spans with attributes and an archive file take about half a second.
SLICE_ROWS = 50_000
_BREATH_S = 0.05
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Plan:
    """What may go: rows of a table before a time (naive UTC), then the oldest beyond a size."""

    until: Mapping[str, dt.datetime] = field(default_factory=dict[str, dt.datetime])
    max_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Pruned:
    """Rows that went, or would go, from one table, and about how many bytes they took."""

    table: str
    rows: int
    bytes: int


def plan_of(settings: Settings, now: dt.datetime) -> Plan:
    """Return what the settings let go by `now`: whole days (UTC), so an archive has few files."""
    until = {
        name: dt.datetime.combine((now - age).date(), dt.time())
        for name, age in parse_retention(settings.retention).items()
    }
    return Plan(until, settings.max_bytes)


def prune_slice(
    connection: duckdb.DuckDBPyConnection, settings: Settings, plan: Plan
) -> Pruned | None:
    """Delete the oldest rows that may go, at most `SLICE_ROWS`; None when nothing may go any more.

    Summed up, archived where `archive_directory` is set, and deleted in one transaction.

    Raises:
        duckdb.Error, OSError: nothing was deleted.
    """
    archive = Archive(settings) if settings.archive_directory else None
    if archive:
        archive.clear(connection)
    target = _next(connection, plan)
    if target is None:
        return None
    table, since, until = target
    share = table.bytes(connection) / max(1, table.rows(connection))
    connection.execute("BEGIN")
    try:
        rows = table.pick(connection, since, until, SLICE_ROWS)
        if archive:
            archive.take(connection, table, since.date(), rows)
        table.delete(connection)
        connection.execute("COMMIT")
    except BaseException:
        roll_back(connection)
        raise
    if archive:
        archive.settle()
    return Pruned(table.name, rows, round(share * rows))


def prune(
    settings: Settings,
    plan: Plan,
    *,
    timeout_s: float = 10.0,
    on_progress: Callable[[Pruned], None] | None = None,
) -> list[Pruned]:
    """Delete everything that may go, beside applications that record; return it by table.

    Raises:
        DatabaseLocked: somebody held the database for all of `timeout_s`.
        SchemaMismatch: the database is of another version.
        duckdb.Error, OSError: it cannot be written to; what was deleted before stays deleted.
    """
    destination = destination_of(settings)
    total: defaultdict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            with destination.writing() as connection:
                check_version(live_version(connection) or 0)
                pruned = prune_slice(connection, settings, plan)
        except DatabaseLocked:
            if time.monotonic() >= deadline:
                raise
            continue
        if pruned is None:
            return [Pruned(table, *sums) for table, sums in total.items()]
        rows, size = total[pruned.table]
        total[pruned.table] = (rows + pruned.rows, size + pruned.bytes)
        if on_progress is not None:
            on_progress(replace(pruned, rows=rows + pruned.rows))
        time.sleep(_BREATH_S)
        deadline = time.monotonic() + timeout_s


def would_prune(connection: duckdb.DuckDBPyConnection, plan: Plan) -> list[Pruned]:
    """Return what age alone would delete; what a size deletes shows only as it goes."""
    found: list[Pruned] = []
    for table in RETAINED_TABLES:
        if until := plan.until.get(table.name):
            rows = table.rows(connection, until)
            share = table.bytes(connection) / max(1, table.rows(connection))
            found.append(Pruned(table.name, rows, round(rows * share)))
    return found


def _next(
    connection: duckdb.DuckDBPyConnection, plan: Plan
) -> tuple[RetainedTable, dt.datetime, dt.datetime] | None:
    for table in RETAINED_TABLES:
        until = plan.until.get(table.name)
        oldest = table.oldest(connection) if until else None
        if oldest and until and oldest < until:
            since = _midnight(oldest)
            return table, since, min(since + _DAY, until)
    if not plan.max_bytes or sized_bytes(connection) <= plan.max_bytes:
        return None
    ages = [(oldest, each) for each in SIZED_TABLES if (oldest := each.oldest(connection))]
    if not ages:
        return None
    oldest, table = min(ages, key=lambda item: item[0])
    return table, _midnight(oldest), _midnight(oldest) + _DAY


def _midnight(moment: dt.datetime) -> dt.datetime:
    return dt.datetime.combine(moment.date(), dt.time())

"""The database as ``doctor`` sees it: there, whose, which schema, and what it has lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from otel_forgesyte.cli.scraping_health import Explosion, explosions
from otel_forgesyte.reading.attachment import NoDatabase, target_attached
from otel_forgesyte.reading.versions import readable_version
from otel_forgesyte_schema.errors import ConfigError, DatabaseLocked, SchemaMismatch, SchemaTooNew

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from otel_forgesyte_duckdb import Settings
    from otel_forgesyte_schema import Drift

__all__ = ["DatabaseHealth", "Loss", "Problem", "examined"]

# Long enough to outlast a drain in progress, short enough for a person to wait for.
_PATIENCE_S = 2.0
_LOSSES = """
SELECT signal, reason, sum(count)::BIGINT AS lost, max(time) AS last_time
FROM otel.loss_ledger
GROUP BY ALL
ORDER BY lost DESC
"""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong, and what to do about it."""

    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Loss:
    """Records of one signal that could not be kept, for one reason."""

    signal: str
    reason: str
    count: int
    last_time: datetime | None


@dataclass(frozen=True, slots=True)
class DatabaseHealth:
    """What is known of the database file; None where it could not be asked."""

    path: str
    exists: bool
    size_bytes: int | None
    schema_version: int | None
    drift: tuple[Drift, ...]
    losses: tuple[Loss, ...]
    explosions: tuple[Explosion, ...]
    problems: tuple[Problem, ...]


def examined(settings: Settings) -> DatabaseHealth:
    """Look at the database without changing it; trouble becomes a problem, not an exception."""
    problems: list[Problem] = []
    facts: dict[str, Any] = {
        "schema_version": None, "drift": (), "losses": (), "explosions": (),
    }  # fmt: skip
    try:
        with target_attached(settings, _PATIENCE_S) as connection:
            facts |= _facts(connection, settings.target, problems)
    except DatabaseLocked as error:
        problems.append(Problem(str(error), "close the program that has it open"))
    except SchemaTooNew as error:
        problems.append(Problem(str(error), "pip install --upgrade otel-forgesyte"))
    except SchemaMismatch as error:
        problems.append(Problem(str(error), "run the command named there"))
    except NoDatabase as error:
        problems.append(Problem(str(error), "record something, or run otel-forgesyte demo"))
    except ConfigError as error:
        problems.append(Problem(str(error), "do what is named there, or record something"))
    except _duckdb_error() as error:
        remedy = "move it away: a fresh one is made, and what waits in the spool goes there"
        problems.append(Problem(f"{settings.target} cannot be read: {error}", remedy))
    exists, size = facts["schema_version"] is not None, None
    if settings.lake is None:
        path = settings.database_path
        problems += _set_aside(path)
        exists = path.is_file()
        size = path.stat().st_size if exists else None
    return DatabaseHealth(
        settings.target, exists=exists, size_bytes=size, problems=tuple(problems), **facts
    )


def _facts(connection: DuckDBPyConnection, path: str, problems: list[Problem]) -> dict[str, Any]:
    from otel_forgesyte_schema import drift

    found = readable_version(connection, path)
    differences = tuple(drift(connection))
    if differences:
        what = f"the schema differs from the canonical one in {len(differences)} places"
        problems.append(Problem(what, "otel-forgesyte schema check names each"))
    losses = tuple(Loss(*row) for row in connection.execute(_LOSSES).fetchall())
    problems += [
        Problem(
            f"{loss.count} {loss.signal} were lost: {loss.reason}",
            "otel-forgesyte sql 'FROM otel.loss_ledger' says when and in which process",
        )
        for loss in losses
    ]
    exploded = explosions(connection)
    problems += [
        Problem(
            f"the attribute {each.attribute} of the metric {each.metric} has {each.values} values"
            " or more: Prometheus does not get all of its series",
            "put it on the span instead, or take it off the metric with a View",
        )
        for each in exploded
    ]
    return {
        "schema_version": found,
        "drift": differences,
        "losses": losses,
        "explosions": exploded,
    }


def _set_aside(path: Path) -> list[Problem]:
    """Damaged files that draining moved out of its way."""
    return [
        Problem(f"{each} was damaged and moved aside", "keep it for rescue or delete it")
        for each in sorted(path.parent.glob(f"{path.name}*.corrupt.*"))
    ]


def _duckdb_error() -> type[Exception]:
    import duckdb

    return duckdb.Error

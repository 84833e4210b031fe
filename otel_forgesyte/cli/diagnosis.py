"""Everything ``doctor`` looks at, gathered into one value, with what is wrong and what to do."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from otel_forgesyte.cli import environment
from otel_forgesyte.cli.cells import duration
from otel_forgesyte.cli.database_health import DatabaseHealth, Problem, examined
from otel_forgesyte.cli.scraping_health import who_may_scrape
from otel_forgesyte_schema.errors import ConfigError, SchemaMismatch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from otel_forgesyte.cli.environment import PortState, SettingOrigin
    from otel_forgesyte_duckdb import Settings, StoreStatus

__all__ = ["Diagnosis", "diagnose"]

# Younger segments are the ordinary life of a spool; older ones mean that nobody drains.
_STALE_S = 60.0
_NEARLY_FULL = 0.8
_LEAST_FREE_BYTES = 256 << 20
_OLDEST_DUCKDB = (1, 5, 5)
_PERMIT = "let this user write there, or set OTEL_EXPORTER_DUCKDB_DATABASE to another place"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found; the parts are None where a wrong setting hid them."""

    configuration: tuple[SettingOrigin, ...]
    database: DatabaseHealth | None
    spool_directory: str | None
    spool: StoreStatus | None
    port: PortState | None
    versions: Mapping[str, str | None]
    problems: tuple[Problem, ...]


def diagnose(database: str | None) -> Diagnosis:
    """Look at configuration, database, spool, port and versions; changes nothing."""
    problems = [*_installation_problems()]
    origins, port = _set_up(problems)
    settings = _exporter(database, origins, problems)
    health = spool = None
    if settings is not None:
        health = examined(settings)
        spool = _spool(settings, problems)
        problems += [
            *health.problems,
            *(() if spool is None else _losses_on_their_way(health, spool)),
            *_target_problems(settings),
            *_spool_folder_problems(settings.spool),
            *_disk_problems(*_folders(settings)),
        ]
    return Diagnosis(
        configuration=tuple(origins),
        database=health,
        spool_directory=None if settings is None else str(settings.spool),
        spool=spool,
        port=port,
        versions=environment.installed(),
        problems=tuple(problems),
    )


def _set_up(problems: list[Problem]) -> tuple[list[SettingOrigin], PortState | None]:
    try:
        understood, origins = environment.set_up()
    except ConfigError as error:
        problems.append(Problem(str(error), "correct the variable or unset it"))
        return [], None
    try:
        open_to = who_may_scrape(understood)
    except ConfigError as error:
        open_to = "nobody"
        problems.append(Problem(str(error), "correct the file, or unset its variable"))
    port = environment.metrics_port(understood, open_to)
    if port.wanted and port.in_use:
        problems.append(
            Problem(
                f"{port.host}:{port.port} is taken, by this application or by another",
                "if by another, set OTEL_EXPORTER_PROMETHEUS_PORT to a free port",
            )
        )
    return origins, port


def _exporter(
    database: str | None, origins: list[SettingOrigin], problems: list[Problem]
) -> Settings | None:
    from otel_forgesyte_duckdb import Settings

    given = {"database": database} if database else {}
    try:
        rows = Settings.describe(**given)
        settings = Settings.resolve(**given)
    except ConfigError as error:
        problems.append(Problem(str(error), "correct the setting or leave it out"))
        return None
    origins += [
        environment.SettingOrigin(row.field, row.env, row.value, row.source) for row in rows
    ]
    return settings


def _spool(settings: Settings, problems: list[Problem]) -> StoreStatus | None:
    import duckdb

    from otel_forgesyte_duckdb import store_status

    try:
        status = store_status(settings)
    except (duckdb.Error, OSError, SchemaMismatch) as error:
        problems.append(Problem(f"the spool cannot be summed up: {error}", "see the lines above"))
        return None
    problems += _spool_problems(settings, status)
    return status


def _spool_problems(settings: Settings, status: StoreStatus) -> Iterator[Problem]:
    age = status.oldest_segment_age_s
    if age is not None and age > _STALE_S:
        waited = f"records have waited in the spool for {duration(age)}"
        if status.drainer is None:
            yield Problem(f"{waited} and nobody drains it", "otel-forgesyte drain")
        else:
            yield Problem(
                f"{waited} although process {status.drainer} is to drain it",
                "its log says why; where it hangs, end it and run otel-forgesyte drain",
            )
    if status.spooled_bytes > settings.spool_max_bytes * _NEARLY_FULL:
        yield Problem(
            f"the spool holds {status.spooled_bytes} of at most {settings.spool_max_bytes} bytes; "
            "then the newest records are dropped",
            "otel-forgesyte drain, or a larger OTEL_EXPORTER_DUCKDB_SPOOL_MAX_BYTES",
        )
    if status.dead_lines:
        yield Problem(
            f"{status.dead_lines} records could not be stored and were set aside",
            f"otel-forgesyte dead list says why; they lie in {settings.spool / 'dead'}",
        )
    if status.unaccounted:
        yield Problem(
            f"{status.unaccounted} records were accepted and are nowhere",
            "a segment, a dead letter or the database was removed: restore it if there is a copy",
        )


def _losses_on_their_way(health: DatabaseHealth, status: StoreStatus) -> Iterator[Problem]:
    """Losses that no drainer has brought into the database, which names the others itself."""
    stored = Counter[str]()
    for loss in health.losses:
        stored[loss.reason] += loss.count
    for reason, count in sorted((Counter(status.dropped) - stored).items()):
        yield Problem(
            f"{count} records were lost: {reason}",
            "otel-forgesyte drain, then otel.loss_ledger says when and in which process",
        )


def _target_problems(settings: Settings) -> Iterator[Problem]:
    if settings.lake is None:
        yield from _folder_problems(settings.database_path)


def _folder_problems(database: Path) -> Iterator[Problem]:
    folder = database.parent
    if not folder.is_dir():
        yield Problem(f"the folder {folder} does not exist", f"mkdir -p {folder}")
    elif not os.access(folder, os.W_OK):
        yield Problem(f"the folder {folder} may not be written to", _PERMIT)
    if database.is_file() and not os.access(database, os.W_OK):
        yield Problem(f"{database} may not be written to", _PERMIT)


def _spool_folder_problems(spool: Path) -> Iterator[Problem]:
    nearest = _nearest(spool)
    if not nearest.is_dir():
        yield Problem(
            f"the spool directory {spool} cannot be made: {nearest} is a file",
            "move that file away, or set OTEL_EXPORTER_DUCKDB_SPOOL_DIRECTORY",
        )
    elif not os.access(nearest, os.W_OK | os.X_OK):
        done = "written to" if nearest == spool else "made"
        yield Problem(
            f"the spool directory {spool} cannot be {done}: every record is lost",
            f"change the permissions of {nearest}, or set OTEL_EXPORTER_DUCKDB_SPOOL_DIRECTORY",
        )


def _folders(settings: Settings) -> list[Path]:
    """Return where on this machine something is written; a lake's files may be on others."""
    if settings.lake is None:
        return [settings.database_path.parent, settings.spool]
    return [settings.spool]


def _disk_problems(*folders: Path) -> Iterator[Problem]:
    """Look at each disk once; DuckDB needs room to write a change beside what it replaces."""
    disks = {each.stat().st_dev: each for each in map(_nearest, folders)}
    for folder in disks.values():
        free = shutil.disk_usage(folder).free
        if free < _LEAST_FREE_BYTES:
            yield Problem(
                f"the disk of {folder} is nearly full: {free} bytes are free",
                "make room there, or move the database and its spool",
            )


def _nearest(path: Path) -> Path:
    """Return the path, or the closest of its parents that is there."""
    # Unlike Path.exists, this does not raise where nobody may look.
    there = (each for each in (path, *path.parents) if os.path.exists(each))  # noqa: PTH110
    return next(there, path)


def _installation_problems() -> Iterator[Problem]:
    versions = environment.installed()
    found = versions["duckdb"] or "0"
    if tuple(int(part) for part in found.split(".")[:3] if part.isdigit()) < _OLDEST_DUCKDB:
        yield Problem(f"duckdb {found} is too old", "pip install 'duckdb>=1.5.5'")
    several = environment.configurators()
    if len(several) > 1 and not os.environ.get("OTEL_PYTHON_CONFIGURATOR"):
        yield Problem(
            f"several OpenTelemetry configurators are installed ({', '.join(several)}): "
            "opentelemetry-instrument takes the first it finds",
            "set OTEL_PYTHON_CONFIGURATOR=otel_forgesyte",
        )

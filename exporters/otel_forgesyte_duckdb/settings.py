"""What can be set, where each value came from, and a refusal that says what would fit."""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from otel_forgesyte_duckdb.retention import parse_retention, parse_size
from otel_forgesyte_duckdb.targets import LAKE, LakeTarget, is_remote, lake_target, shown_database
from otel_forgesyte_schema.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PREFIX = "OTEL_EXPORTER_DUCKDB_"
_SIZE = re.compile(r"\d+(\.\d+)?\s*(B|KB|MB|GB|KiB|MiB|GiB)")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")  # two letters or more: `C:` is a Windows drive
# DuckDB takes what follows `?` for options, and looks for the write-ahead log elsewhere; and 2.0
# takes a backslash for a slash, so that the folder is missing.
_NOT_IN_PATHS = "?" if os.name == "nt" else "?\\"


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting as `otel-forgesyte doctor` prints it; where its value came from is `source`."""

    field: str
    env: str
    value: Any
    source: str


@dataclass(frozen=True, slots=True)
class Settings:
    """Where telemetry goes and how it gets there; the same in every process that shares a spool."""

    database: str = field(default="telemetry.duckdb", repr=False)  # may hold a password
    """Path of the DuckDB file, or a lake: `ducklake:postgres:…`, `ducklake:FILE`."""
    data_path: str = ""
    """Where a lake keeps its Parquet files: a directory, or `s3://bucket/prefix`; needed once."""
    spool_directory: str = ""
    """Where records wait for the database; empty means `<database>.spool`."""
    flush_interval_s: float = 1.0
    """How long a record may wait before its segment is sealed and drained."""
    segment_bytes: int = 4_000_000
    """A segment is sealed at this size even before its time."""
    spool_max_bytes: int = 1 << 30
    """Beyond this the newest records are dropped and counted (reason `spool_full`)."""
    drain: str = "thread"
    """`thread`: this process drains; `child`: a child process does; `external`: another one, such
    as `otel-forgesyte serve`. This process never imports DuckDB but with `thread`."""
    shutdown_timeout_s: float = 5.0
    """How long `shutdown` may take to drain what it sealed."""
    memory_limit: str = "256MB"
    """DuckDB's memory while draining."""
    threads: int = 1
    """DuckDB's threads while draining."""
    retention: str = ""
    """How long rows are kept: `30d`, or by table, `30d,job_metrics=365d`. Empty keeps all."""
    max_bytes: int = 0
    """Beyond this size the oldest spans, points and log records go. 0 is no limit."""
    archive_directory: str = ""
    """Where rows go as Parquet before they are deleted; empty deletes them."""

    @property
    def spool(self) -> Path:
        """The spool directory, absolute."""
        default = f"{self.database}.spool" if self.lake is None else self.lake.default_spool()
        return Path(self.spool_directory or default).absolute()

    @property
    def lake(self) -> LakeTarget | None:
        """The lake to write to, or None where it is a file."""
        return lake_target(self.database) if self.database.startswith(LAKE) else None

    @property
    def target(self) -> str:
        """What is written to, in a form that may be printed: an absolute path, or a lake."""
        return str(self.database_path) if self.lake is None else self.lake.anchored().shown

    @property
    def database_path(self) -> Path:
        """The database file, absolute.

        Raises:
            ConfigError: the target is no file.
        """
        if self.lake is not None:
            raise ConfigError(f"this needs a database file, and {self.target} is a lake")
        return Path(self.database).absolute()

    @property
    def is_missing(self) -> bool:
        """Whether nothing was stored there for certain; of a lake only its catalog could tell."""
        return self.lake is None and not self.database_path.exists()

    def anchored(self) -> Settings:
        """Return the same with absolute paths, so that a later `chdir` changes nothing."""
        archive: dict[str, Any] = {}
        if self.archive_directory:
            archive["archive_directory"] = str(Path(self.archive_directory).absolute())
        path = self.data_path
        if path and not is_remote(path):
            path = str(Path(path).absolute())
        anchored = replace(self, data_path=path, spool_directory=str(self.spool), **archive)
        if self.lake is None:
            return replace(anchored, database=str(self.database_path))
        return anchored if self.lake.is_served else replace(anchored, database=self.target)

    @classmethod
    def resolve(cls, **overrides: Any) -> Settings:
        """Return the settings: argument, else environment variable, else default.

        Raises:
            ConfigError: a value cannot be understood or used; says which, from where, what fits.
        """
        settings = cls(**{row.field: row.value for row in _rows(overrides)})
        if settings.lake is not None and (settings.max_bytes or settings.archive_directory):
            raise ConfigError(
                f"{env_name('max_bytes')} and {env_name('archive_directory')} are for a database "
                f"file: a lake's old rows go by {env_name('retention')} alone"
            )
        return settings

    @classmethod
    def describe(cls, **overrides: Any) -> tuple[SettingRow, ...]:
        """Return each setting with its variable and its source; values as understood, no password.

        Raises:
            ConfigError: as `resolve`.
        """
        return tuple(
            replace(row, value=shown_database(row.value)) if row.field == "database" else row
            for row in _rows(overrides)
        )


def _rows(overrides: Mapping[str, Any]) -> list[SettingRow]:
    known = {field.name: field.default for field in fields(Settings)}
    if unknown := sorted(set(overrides) - set(known)):
        raise ConfigError(
            f"unknown duckdb exporter setting {', '.join(unknown)}; known are {', '.join(known)}"
        )
    return [_row(name, default, overrides.get(name)) for name, default in known.items()]


def _row(name: str, default: Any, argument: Any) -> SettingRow:
    env = env_name(name)
    if argument is not None:
        return SettingRow(name, env, _understood(name, argument, f"argument {name}"), "argument")
    # An empty variable counts as unset, as the OpenTelemetry specification asks.
    if given := os.environ.get(env, "").strip():
        return SettingRow(name, env, _understood(name, given, f"variable {env}"), "environment")
    # Even the default can be wrong: a relative path, in a directory that cannot be used.
    return SettingRow(name, env, _understood(name, default, f"default {name}"), "default")


def env_name(field: str) -> str:
    """Return the environment variable of a setting: `flush_interval_s` has no unit in its name."""
    return _PREFIX + field.removesuffix("_s").upper()


def _understood(name: str, value: Any, source: str) -> Any:
    try:
        return _PARSERS[name](value)
    except (TypeError, ValueError) as error:
        # An address that cannot be understood may have a password anywhere in it.
        told = "" if _SCHEME.match(str(value)) else f" is {value!r}"
        raise ConfigError(f"{source}{told}: {error}") from None


def _database(value: Any) -> str:
    text: str = os.fspath(cast("os.PathLike[str]", value))
    if text.startswith("quack:"):
        raise ValueError(
            "a server is asked, not written to: on its machine, give the file that `otel-forgesyte "
            "serve` has there and set OTEL_EXPORTER_DUCKDB_DRAIN=external; from another one, send "
            "OTLP to it (OTEL_EXPORTER_OTLP_ENDPOINT)"
        )
    if text.startswith(LAKE):
        lake_target(text)
        return text
    if _SCHEME.match(text) or text == ":memory:":
        # A default connection would download an extension for such a name, or keep nothing.
        raise ValueError("only a file path or a lake (ducklake:postgres:…) can be written to")
    if not text or "\0" in text:
        raise ValueError("give a file path such as telemetry.duckdb")
    path = str(Path(text).absolute())
    if sign := next((each for each in _NOT_IN_PATHS if each in path), ""):
        raise ValueError(f"no `{sign}` may be in the path, which is {path}")
    if Path(text).name.split(".")[0].lower() == "otel":
        # DuckDB names the catalog after the file, and cannot tell it from the schema `otel` then.
        raise ValueError("a file of that name hides the schema otel in it; give another name")
    return text


def _directory(value: Any) -> str:
    text: str = os.fspath(cast("os.PathLike[str]", value))
    if "\0" in text:
        raise ValueError("give a directory path")
    return text


def _data_path(value: Any) -> str:
    text = _directory(value)
    if _SCHEME.match(text) and not is_remote(text):
        raise ValueError("give a directory, or s3://bucket/prefix")
    return text


def _positive(kind: Callable[[Any], float], least: float) -> Callable[[Any], float]:
    def parse(value: Any) -> float:
        try:
            number = kind(value)
        except (TypeError, ValueError):
            raise ValueError("give a number") from None
        if not math.isfinite(number) or number < least:
            raise ValueError(f"give a number of at least {least}")
        return number

    return parse


def _drain(value: Any) -> str:
    if value not in ("thread", "child", "external"):
        raise ValueError("give 'thread', 'child' or 'external'")
    return str(value)


def _memory(value: Any) -> str:
    if not _SIZE.fullmatch(str(value)):
        raise ValueError("give a size such as 256MB")
    return str(value)


def _retention(value: Any) -> str:
    parse_retention(str(value))
    return str(value)


_PARSERS: dict[str, Callable[[Any], Any]] = {
    "database": _database,
    "data_path": _data_path,
    "spool_directory": _directory,
    "flush_interval_s": _positive(float, 0.01),
    "segment_bytes": _positive(int, 1_000),
    "spool_max_bytes": _positive(int, 10_000),
    "drain": _drain,
    "shutdown_timeout_s": _positive(float, 0),
    "memory_limit": _memory,
    "threads": _positive(int, 1),
    "retention": _retention,
    "max_bytes": parse_size,
    "archive_directory": _directory,
}

"""What `configure()` understood: one frozen record, argument first, then environment, then default.

The environment variables are OpenTelemetry's own wherever it has one. The DuckDB exporter reads its
`OTEL_EXPORTER_DUCKDB_*` variables itself, so that it is configured the same way without us.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from otel_forgesyte.errors import ConfigError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.sampling import Sampler

_LARGEST_PORT = 65535
# Decided by a declarative configuration wherever there is one.
_THE_FILES = (
    "database",
    "spool_directory",
    "service_name",
    "traces_exporter",
    "metrics_exporter",
    "logs_exporter",
    "sampler",
)
_LOOPBACK = "127.0.0.1"
_PROMETHEUS_PORT = 9464  # the OpenTelemetry default
_WEB_CONFIG_FILE = "OTEL_EXPORTER_PROMETHEUS_WEB_CONFIG_FILE"
_TOKEN_FILE = "OTEL_EXPORTER_PROMETHEUS_TOKEN_FILE"  # noqa: S105 - its name, not a token

_SHARED_DIRECTORY = "OTEL_EXPORTER_PROMETHEUS_SHARED_DIRECTORY"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that decides what telemetry is recorded and where it goes.

    Attributes:
        service_name: `service.name` of the resource; `OTEL_SERVICE_NAME`.
        traces: span exporter names; `OTEL_TRACES_EXPORTER`, default `duckdb`.
        metrics: metric exporter and reader names; `OTEL_METRICS_EXPORTER`, default `duckdb`.
        logs: log exporter names; `OTEL_LOGS_EXPORTER`, default `duckdb`.
        database: where the DuckDB exporters store; `OTEL_EXPORTER_DUCKDB_DATABASE`.
        spool_directory: where they spool; `OTEL_EXPORTER_DUCKDB_SPOOL_DIRECTORY`.
        prometheus_host: address `/metrics` listens on; `OTEL_EXPORTER_PROMETHEUS_HOST`.
        prometheus_port: its port, 0 for any free one; `OTEL_EXPORTER_PROMETHEUS_PORT`.
        prometheus_web_config_file: who may scrape `/metrics`, and over which TLS, in Prometheus'
            own format; `OTEL_EXPORTER_PROMETHEUS_WEB_CONFIG_FILE`.
        prometheus_token_file: holds a bearer token that lets in too;
            `OTEL_EXPORTER_PROMETHEUS_TOKEN_FILE`.
        prometheus_shared_directory: where the processes of one `/metrics` find each other;
            `OTEL_EXPORTER_PROMETHEUS_SHARED_DIRECTORY`, default in the spool.
        config_file: a declarative configuration, which then decides everything above but
            what only Python can say; `OTEL_CONFIG_FILE`.
        resource_attributes: added to the resource.
        sampler: the host's sampler; None takes `OTEL_TRACES_SAMPLER`.
        redact: called with each record before it reaches the disk.
        disabled: `OTEL_SDK_DISABLED` is `true`: nothing is set up.
        prometheus_is_asked_for: a port was given as an argument.
        beside_the_file: arguments given beside a `config_file` that decides them itself.
    """

    service_name: str | None = None
    traces: tuple[str, ...] = ("duckdb",)
    metrics: tuple[str, ...] = ("duckdb",)
    logs: tuple[str, ...] = ("duckdb",)
    database: str | None = None
    spool_directory: str | None = None
    prometheus_host: str = _LOOPBACK
    prometheus_port: int = _PROMETHEUS_PORT
    prometheus_web_config_file: str | None = None
    prometheus_token_file: str | None = None
    prometheus_shared_directory: str | None = None
    config_file: str | None = None
    resource_attributes: Mapping[str, Any] = field(default_factory=dict[str, Any])
    sampler: Sampler | None = None
    redact: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    disabled: bool = False
    prometheus_is_asked_for: bool = False
    beside_the_file: tuple[str, ...] = ()

    @property
    def shared_metrics(self) -> Path:
        """Where processes that serve `/metrics` together find each other: in the spool."""
        if self.prometheus_shared_directory:
            return Path(self.prometheus_shared_directory).absolute()
        from otel_forgesyte_duckdb import Settings as StoreSettings

        return StoreSettings.resolve(**self._store_arguments).spool / "metrics"

    @property
    def _store_arguments(self) -> dict[str, Any]:
        given = {"database": self.database, "spool_directory": self.spool_directory}
        return {name: value for name, value in given.items() if value is not None}

    @property
    def duckdb_arguments(self) -> dict[str, Any]:
        """The arguments given to every DuckDB exporter; what is absent it reads itself."""
        redact = {} if self.redact is None else {"redact": self.redact}
        return {**self._store_arguments, **redact}


def resolve(overrides: Mapping[str, Any]) -> Settings:
    """Settings from `overrides`, the environment and the defaults, in this order.

    Raises:
        ConfigError: a value that cannot be understood; says where it came from and what fits.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    _check_kinds(given)
    config_file = _text(given, "config_file", "OTEL_CONFIG_FILE")
    metrics = _names(given, "metrics_exporter", "OTEL_METRICS_EXPORTER")
    if "prometheus_port" in given and "prometheus" not in metrics:
        metrics = (*metrics, "prometheus")
    return Settings(
        service_name=_text(given, "service_name", "OTEL_SERVICE_NAME"),
        traces=_names(given, "traces_exporter", "OTEL_TRACES_EXPORTER"),
        metrics=metrics,
        logs=_names(given, "logs_exporter", "OTEL_LOGS_EXPORTER"),
        database=_path(given, "database"),
        spool_directory=_path(given, "spool_directory"),
        prometheus_host=_text(given, "prometheus_host", "OTEL_EXPORTER_PROMETHEUS_HOST")
        or _LOOPBACK,
        prometheus_port=_port(given),
        prometheus_web_config_file=_file(given, "prometheus_web_config_file", _WEB_CONFIG_FILE),
        prometheus_token_file=_file(given, "prometheus_token_file", _TOKEN_FILE),
        prometheus_shared_directory=_file(given, "prometheus_shared_directory", _SHARED_DIRECTORY),
        config_file=config_file,
        resource_attributes=given.get("resource_attributes", {}),
        sampler=given.get("sampler"),
        redact=given.get("redact"),
        disabled=os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true",
        prometheus_is_asked_for="prometheus_port" in given,
        beside_the_file=tuple(name for name in _THE_FILES if name in given) if config_file else (),
    )


def _check_kinds(given: Mapping[str, Any]) -> None:
    """Refuses what only the first job would stumble over.

    Raises:
        ConfigError: an argument is of another kind than it has to be.
    """
    from opentelemetry.sdk.trace.sampling import Sampler

    kinds: dict[str, tuple[Callable[[Any], bool], str]] = {
        "sampler": (lambda value: isinstance(value, Sampler), "an OpenTelemetry Sampler"),
        "redact": (callable, "a function from record to record"),
        "resource_attributes": (lambda value: isinstance(value, Mapping), "a mapping"),
        **dict.fromkeys(
            ("traces_exporter", "metrics_exporter", "logs_exporter"),
            (_are_names, 'names, such as "duckdb,otlp" or ["duckdb"]'),
        ),
    }
    for name, (fits, wanted) in kinds.items():
        if name in given and not fits(given[name]):
            raise ConfigError(f"{name} is {given[name]!r}: give {wanted}")
    if "database" in given or "spool_directory" in given:
        from otel_forgesyte_duckdb import Settings as StoreSettings

        paths = {name: _path(given, name) for name in ("database", "spool_directory")}
        StoreSettings.resolve(**{name: path for name, path in paths.items() if path is not None})


def _are_names(value: Any) -> bool:
    if isinstance(value, str) or not isinstance(value, Iterable):
        return isinstance(value, str)
    names: Iterable[object] = value  # pyright: ignore[reportUnknownVariableType] - of anything
    return all(isinstance(name, str) for name in names)


def _text(given: Mapping[str, Any], argument: str, variable: str) -> str | None:
    return given.get(argument) or os.environ.get(variable) or None


def _path(given: Mapping[str, Any], argument: str) -> str | None:
    value: str | os.PathLike[str] | None = given.get(argument)
    return None if value is None else os.fspath(value)


def _file(given: Mapping[str, Any], argument: str, variable: str) -> str | None:
    return _path(given, argument) or os.environ.get(variable, "").strip() or None


def _names(given: Mapping[str, Any], argument: str, variable: str) -> tuple[str, ...]:
    value: str | Iterable[str] = given.get(argument, os.environ.get(variable) or "duckdb")
    names = value.split(",") if isinstance(value, str) else value
    unique = dict.fromkeys(name.strip() for name in names)
    return tuple(name for name in unique if name and name.lower() != "none")


def _port(given: Mapping[str, Any]) -> int:
    variable = "OTEL_EXPORTER_PROMETHEUS_PORT"
    source = "prometheus_port" if "prometheus_port" in given else variable
    value = given.get("prometheus_port", os.environ.get(variable) or _PROMETHEUS_PORT)
    try:
        port = -1 if isinstance(value, bool) else int(value)
    except (TypeError, ValueError):
        port = -1
    if not 0 <= port <= _LARGEST_PORT:
        raise ConfigError(
            f"{source} is {value!r}: give a port from 1 to {_LARGEST_PORT}, or 0 for any free one"
        )
    return port

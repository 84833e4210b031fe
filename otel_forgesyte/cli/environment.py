"""What surrounds the database: settings and where each came from, ports, installed versions."""

from __future__ import annotations

import os
import platform
import socket
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otel_forgesyte.setup.settings import Settings as SetupSettings

__all__ = ["PortState", "SettingOrigin", "configurators", "installed", "metrics_port", "set_up"]

_PROBE_S = 0.5
_PACKAGES = (
    "otel-forgesyte",
    "opentelemetry-api",
    "opentelemetry-sdk",
    "opentelemetry-exporter-prometheus",
    "prometheus-client",
    "bcrypt",
    "duckdb",
    "orjson",
    "typer",
    "opentelemetry-configuration",
    "opentelemetry-instrumentation",
    "opentelemetry-exporter-otlp-proto-http",
    "scikit-image",
    "pillow",
)


@dataclass(frozen=True, slots=True)
class SettingOrigin:
    """One setting as understood, the variable that sets it, and where its value came from."""

    setting: str
    variable: str
    value: Any
    source: str


@dataclass(frozen=True, slots=True)
class PortState:
    """Whether something listens where ``/metrics`` would be served."""

    host: str
    port: int
    in_use: bool
    wanted: bool
    open_to: str
    """Who may scrape, in words."""


# Which variable sets which field of the set-up; the exporter describes its own.
_VARIABLES = {
    "service_name": "OTEL_SERVICE_NAME",
    "traces": "OTEL_TRACES_EXPORTER",
    "metrics": "OTEL_METRICS_EXPORTER",
    "logs": "OTEL_LOGS_EXPORTER",
    "prometheus_host": "OTEL_EXPORTER_PROMETHEUS_HOST",
    "prometheus_port": "OTEL_EXPORTER_PROMETHEUS_PORT",
    "prometheus_web_config_file": "OTEL_EXPORTER_PROMETHEUS_WEB_CONFIG_FILE",
    "prometheus_token_file": "OTEL_EXPORTER_PROMETHEUS_TOKEN_FILE",
    "prometheus_shared_directory": "OTEL_EXPORTER_PROMETHEUS_SHARED_DIRECTORY",
    "config_file": "OTEL_CONFIG_FILE",
    "disabled": "OTEL_SDK_DISABLED",
}


def set_up() -> tuple[SetupSettings, list[SettingOrigin]]:
    """What ``configure()`` would understand here, as it is and setting by setting.

    Raises:
        ConfigError: a value cannot be understood.
    """
    from otel_forgesyte.setup.settings import resolve

    understood = resolve({})
    return understood, [
        SettingOrigin(
            setting,
            variable,
            _shown(getattr(understood, setting)),
            "environment" if os.environ.get(variable, "").strip() else "default",
        )
        for setting, variable in _VARIABLES.items()
    ]


def metrics_port(settings: SetupSettings, open_to: str) -> PortState:
    """Whether the port that ``/metrics`` would take is taken already."""
    host, port = settings.prometheus_host, settings.prometheus_port
    wanted = "prometheus" in settings.metrics
    return PortState(host, port, _answers(host, port), wanted, open_to)


def installed() -> Mapping[str, str | None]:
    """Versions of what matters here; None for an optional package that is not installed."""
    return {"python": platform.python_version()} | {name: _version(name) for name in _PACKAGES}


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def configurators() -> tuple[str, ...]:
    """Names of the installed OpenTelemetry configurators; of several, the first found wins."""
    entries = sorted(
        metadata.entry_points(group="opentelemetry_configurator"), key=lambda entry: entry.name
    )
    return tuple(entry.name for entry in entries)


def _answers(host: str, port: int) -> bool:
    if port == 0:
        return False
    try:
        with socket.create_connection((host, port), timeout=_PROBE_S):
            return True
    except OSError:
        return False


def _shown(value: object) -> object:
    if isinstance(value, tuple):
        return ",".join(str(item) for item in cast("tuple[object, ...]", value))
    return value

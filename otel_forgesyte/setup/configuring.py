"""`configure()`: the one call between an application and its telemetry."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping

    from opentelemetry.sdk.trace.sampling import Sampler

    from otel_forgesyte.setup.handle import Telemetry

_logger = logging.getLogger(__name__)
_current: Telemetry | None = None


def configure(  # noqa: PLR0913 - each is one line of the configuration table
    *,
    database: str | os.PathLike[str] | None = None,
    service_name: str | None = None,
    traces_exporter: str | Iterable[str] | None = None,
    metrics_exporter: str | Iterable[str] | None = None,
    logs_exporter: str | Iterable[str] | None = None,
    prometheus_port: int | None = None,
    prometheus_host: str | None = None,
    prometheus_web_config_file: str | os.PathLike[str] | None = None,
    prometheus_token_file: str | os.PathLike[str] | None = None,
    prometheus_shared_directory: str | os.PathLike[str] | None = None,
    spool_directory: str | os.PathLike[str] | None = None,
    config_file: str | None = None,
    resource_attributes: Mapping[str, Any] | None = None,
    sampler: Sampler | None = None,
    redact: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
) -> Telemetry:
    """A running set-up: decorated functions are recorded from here on.

    Every argument may be left out: then its environment variable counts, then its default.
    Providers that the host has set are added to. Called again, it changes nothing and returns the
    running set-up, with a warning when it was asked for something else. A part that cannot be set
    up (a taken port, a directory that cannot be written) is logged in one line, is listed in
    `status()`, and the rest goes on.

    Args:
        database: file of the DuckDB exporters; `OTEL_EXPORTER_DUCKDB_DATABASE`, default
            `telemetry.duckdb` in the working directory.
        service_name: `OTEL_SERVICE_NAME`.
        traces_exporter: names such as `"duckdb,otlp"`; `OTEL_TRACES_EXPORTER`, default `duckdb`.
        metrics_exporter: `OTEL_METRICS_EXPORTER`, default `duckdb`.
        logs_exporter: `OTEL_LOGS_EXPORTER`, default `duckdb`.
        prometheus_port: serves `/metrics` there, 0 on any free port;
            `OTEL_EXPORTER_PROMETHEUS_PORT`, default 9464 when `prometheus` is among the metrics
            exporters.
        prometheus_host: `OTEL_EXPORTER_PROMETHEUS_HOST`, default 127.0.0.1.
        prometheus_web_config_file: TLS and passwords of `/metrics`, in Prometheus' own format;
            `OTEL_EXPORTER_PROMETHEUS_WEB_CONFIG_FILE`, default anybody without TLS.
        prometheus_token_file: holds a bearer token for `/metrics`;
            `OTEL_EXPORTER_PROMETHEUS_TOKEN_FILE`.
        prometheus_shared_directory: where the processes of one `/metrics` find each other;
            `OTEL_EXPORTER_PROMETHEUS_SHARED_DIRECTORY`, default in the spool.
        spool_directory: `OTEL_EXPORTER_DUCKDB_SPOOL_DIRECTORY`, default beside the database.
        config_file: a declarative configuration; `OTEL_CONFIG_FILE`.
        resource_attributes: added to the resource.
        sampler: default from `OTEL_TRACES_SAMPLER`; jobs keep their rows whatever it drops.
        redact: called with each record before it reaches the disk; returns what may be stored.

    Raises:
        ConfigError: a value that cannot be understood; says which and what would fit.
    """
    overrides = {name: value for name, value in locals().items() if value is not None}
    # The SDK takes a tenth of a second to import: an application that only decorates never does.
    try:
        from otel_forgesyte.setup import handle
        from otel_forgesyte.setup.assembly import assemble
        from otel_forgesyte.setup.settings import resolve
    except ValueError as error:
        # Its span limits are read from the environment as it is imported.
        from otel_forgesyte.errors import ConfigError

        raise ConfigError(f"the SDK refuses its environment: {error}") from error

    global _current  # noqa: PLW0603 - one set-up a process, as OpenTelemetry's own globals are
    with handle.lifecycle:
        if _current is not None and not _current.is_shut_down:
            if overrides and overrides != _current.overrides:
                _logger.warning("telemetry is set up already; shut it down to change it")
            return _current
        _current = assemble(resolve(overrides), overrides)
        return _current

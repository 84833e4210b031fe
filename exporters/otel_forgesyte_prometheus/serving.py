"""The reader that brings its own server, for configuration by environment or YAML."""

from __future__ import annotations

import logging
import os
from typing import Any, Final

from opentelemetry.sdk.environment_variables import (
    OTEL_EXPORTER_PROMETHEUS_HOST,
    OTEL_EXPORTER_PROMETHEUS_PORT,
)

from otel_forgesyte_prometheus.door import Door
from otel_forgesyte_prometheus.reader import PrometheusReader
from otel_forgesyte_prometheus.server import LOOPBACK, MAX_PORT, Server, start_server
from otel_forgesyte_schema.errors import ConfigError

_LOGGER: Final = logging.getLogger("otel_forgesyte_prometheus")
_DEFAULT_PORT: Final = 9464


class ServingPrometheusReader(PrometheusReader):
    """A `PrometheusReader` that serves from its construction on, as the SDK expects of a class.

    ``host`` and ``port`` fall back to ``OTEL_EXPORTER_PROMETHEUS_HOST`` and ``_PORT``, then to
    127.0.0.1 and 9464; the two files to ``_WEB_CONFIG_FILE`` and ``_TOKEN_FILE``. Where it cannot
    serve as it should it says so in one line, `server` is None, and the rest of telemetry goes on:
    an exception here would cost the application its traces and logs.
    """

    def __init__(
        self,
        *,
        host: str | None = None,
        port: int | None = None,
        web_config_file: str | None = None,
        token_file: str | None = None,
        **options: Any,
    ) -> None:
        # Until its files are read, nobody comes in, wherever else this is mounted.
        super().__init__(door=Door.shut(), **options)
        self.server: Server | None = None
        try:
            self.door = Door.resolve(web_config_file, token_file)
            self.server = start_server(self, *address(host, port))
        except (OSError, ValueError, ConfigError) as error:
            _LOGGER.error("%s. No metrics are served by this process.", _said(error))  # noqa: TRY400 - one line, no traceback


def address(host: str | None = None, port: int | None = None) -> tuple[str, int]:
    """Where to serve: argument, then environment, then default.

    Raises:
        ValueError: the port is not a number from 0 to 65535; the message names the variable.
    """
    if host is None:
        host = os.environ.get(OTEL_EXPORTER_PROMETHEUS_HOST, "").strip() or LOOPBACK
    return host, _environment_port() if port is None else port


def _environment_port() -> int:
    text = os.environ.get(OTEL_EXPORTER_PROMETHEUS_PORT, "").strip()
    if not text:
        return _DEFAULT_PORT
    if text.isdecimal() and int(text) <= MAX_PORT:
        return int(text)
    raise ValueError(
        f"Prometheus: {OTEL_EXPORTER_PROMETHEUS_PORT} is {text!r};"
        f" give a port from 0 (a free one) to {MAX_PORT}"
    )


def _said(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)

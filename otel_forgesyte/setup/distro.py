"""Zero code: what `opentelemetry-instrument` finds when this package is installed."""

from __future__ import annotations

import logging
import os
from typing import Any

from opentelemetry.instrumentation.distro import (  # type: ignore[attr-defined]  # an untyped module
    BaseDistro,  # pyright: ignore[reportUnknownVariableType]
)
from opentelemetry.sdk._configuration import _BaseConfigurator  # pyright: ignore[reportPrivateUsage]

_logger = logging.getLogger(__name__)


class ForgesyteDistro(BaseDistro):  # type: ignore[misc]
    """Defaults for what the user left open: everything into one DuckDB file."""

    def _configure(self, **kwargs: Any) -> None:  # noqa: ARG002 - the base class's signature
        for signal in ("TRACES", "METRICS", "LOGS"):
            os.environ.setdefault(f"OTEL_{signal}_EXPORTER", "duckdb")


class ForgesyteConfigurator(_BaseConfigurator):
    """Calls `otel_forgesyte.configure()`; an error is one line, and the application starts."""

    def _configure(self, **kwargs: Any) -> None:
        from otel_forgesyte.setup import configure

        version = kwargs.get("auto_instrumentation_version")
        attributes = {"telemetry.auto.version": version} if version else None
        try:
            configure(resource_attributes=attributes)
        except Exception as error:  # noqa: BLE001 - the application matters more than its telemetry
            _logger.error("telemetry is not set up: %s", error)  # noqa: TRY400 - one line, no stack

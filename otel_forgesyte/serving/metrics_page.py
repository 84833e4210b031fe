"""`/metrics` of the serving process: how its drainer, its spool and its intake are doing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from otel_forgesyte.semconv import SERVICE_NAME
from otel_forgesyte_schema.errors import ConfigError

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics import MeterProvider

    from otel_forgesyte.serving.access import Access
    from otel_forgesyte_duckdb.store import Store

_NAME = "otel-forgesyte-serve"
_SHARED_DIRECTORY = "OTEL_EXPORTER_PROMETHEUS_SHARED_DIRECTORY"


class MetricsPage:
    """The part that Prometheus scrapes, on a port of its own: TLS and passwords are its own too.

    The token that lets clients write lets them scrape as well, so that a page that others reach is
    never open; a web configuration or a token file of its own may let in others.

    Args:
        of_applications: tell also what the applications that share the spool have counted.
    """

    def __init__(
        self,
        access: Access,
        port: int,
        web_config_file: Path | None = None,
        *,
        of_applications: bool = False,
    ) -> None:
        self._access = access
        self._port = port
        self._web_config_file = web_config_file
        self._of_applications = of_applications
        self._provider: MeterProvider | None = None

    def start(self, store: Store) -> str:
        """Serve; return where.

        Raises:
            ConfigError: the address cannot be listened on, or what is to guard it cannot be had.
        """
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.resources import Resource

        from otel_forgesyte_duckdb import report_metrics
        from otel_forgesyte_prometheus import Door, Gathering, PrometheusReader, start_server

        door = Door.resolve(self._web_config_file, token=self._access.token)
        reader = PrometheusReader(door=door)
        if self._of_applications:
            told = os.environ.get(_SHARED_DIRECTORY, "").strip()
            shared = Path(told) if told else store.settings.spool / "metrics"
            reader.sharing = Gathering(reader, shared.absolute())
        try:
            server = start_server(reader, self._access.host, self._port)
        except OSError as error:
            cause = error.__cause__
            why = cause.strerror if isinstance(cause, OSError) else error.strerror
            raise ConfigError(
                f"cannot serve metrics on {self._access.host}:{self._port}: {why};"
                " choose another port with --metrics-port, 0 takes a free one"
            ) from error
        resource = Resource.create({SERVICE_NAME: os.environ.get("OTEL_SERVICE_NAME") or _NAME})
        self._provider = MeterProvider([reader], resource, shutdown_on_exit=False)
        report_metrics(self._provider)
        return f"metrics at {server.url}"

    def stop(self) -> None:
        """End, and answer no more."""
        if self._provider is not None:
            self._provider.shutdown()

"""`OTEL_CONFIG_FILE`: OpenTelemetry's declarative configuration, with what it cannot say added.

The file's models know no custom processors, no Python callables, and no `service.instance.id`
without a detector. So the parsed file is completed before it is applied, and what only Python can
add (job stamping, running jobs, frames) is added to the providers afterwards, as to a host's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from opentelemetry import metrics, trace
from opentelemetry._logs import get_logger_provider
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider

from otel_forgesyte.errors import ConfigError
from otel_forgesyte.semconv import SERVICE_INSTANCE_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from opentelemetry.configuration import OpenTelemetryConfiguration


@dataclass(frozen=True, slots=True)
class Declared:
    """What of the file matters to us afterwards.

    Attributes:
        signals: those whose provider the file has set: "traces", "metrics", "logs".
        spans: arguments of each `duckdb` span exporter in the file.
        metrics: arguments of each `duckdb` metric exporter in the file.
        error: why the file was applied in part only; None when all of it was.
    """

    signals: frozenset[str]
    spans: tuple[dict[str, Any], ...]
    metrics: tuple[dict[str, Any], ...]
    error: str | None = None


def apply(path: str, redact: Callable[[dict[str, Any]], dict[str, Any]] | None) -> Declared:
    """Sets the global providers as the file at `path` says; `redact` is given to its exporters.

    Raises:
        ConfigError: the package that reads such files is missing, the file cannot be read or
            understood, or the host has set providers, which a file cannot add to.
    """
    try:
        from opentelemetry.configuration import (
            ConfigurationError,
            configure_sdk,
            load_config_file,
        )
    except ImportError:
        raise ConfigError(
            f"OTEL_CONFIG_FILE is {path!r}, and reading it needs the yaml extra: "
            "pip install 'otel-forgesyte[yaml]'"
        ) from None
    if taken := signals_set():
        raise ConfigError(
            f"OTEL_CONFIG_FILE {path!r} makes providers, and this process has its own for "
            f"{', '.join(sorted(taken))}; exporters are added to those instead"
        )
    try:
        configuration = load_config_file(path)
        _add_service_instance_id(configuration)
    except (ConfigurationError, OSError) as problem:
        raise ConfigError(f"OTEL_CONFIG_FILE {path!r} cannot be read: {problem}") from problem
    # Each list also completes the file's own exporters; of the logs, nothing else is needed.
    spans = list(_duckdb_arguments(_span_exporters(configuration), redact))
    points = list(_duckdb_arguments(_metric_exporters(configuration), redact))
    list(_duckdb_arguments(_log_exporters(configuration), redact))
    error = None
    try:
        configure_sdk(configuration)
    except Exception as problem:  # noqa: BLE001 - an exporter's constructor may raise anything
        error = f"OTEL_CONFIG_FILE {path!r} is applied in part: {problem}"
    return Declared(signals_set(), tuple(spans), tuple(points), error)


def signals_set() -> frozenset[str]:
    """The signals whose global provider is an SDK's."""
    standing = {
        "traces": isinstance(trace.get_tracer_provider(), TracerProvider),
        "metrics": isinstance(metrics.get_meter_provider(), MeterProvider),
        "logs": isinstance(get_logger_provider(), LoggerProvider),
    }
    return frozenset(signal for signal, stands in standing.items() if stands)


def _add_service_instance_id(configuration: OpenTelemetryConfiguration) -> None:
    from opentelemetry.configuration.models import AttributeNameValue, Resource

    resource = configuration.resource or Resource()
    attributes = list(resource.attributes or ())
    if all(attribute.name != SERVICE_INSTANCE_ID for attribute in attributes):
        attributes.append(AttributeNameValue(SERVICE_INSTANCE_ID, str(uuid4())))
    resource.attributes = attributes
    configuration.resource = resource


def _span_exporters(configuration: OpenTelemetryConfiguration) -> Iterator[Any]:
    return _processed(configuration.tracer_provider)


def _log_exporters(configuration: OpenTelemetryConfiguration) -> Iterator[Any]:
    return _processed(configuration.logger_provider)


def _processed(provider: Any) -> Iterator[Any]:
    for processor in provider.processors if provider is not None else ():
        for kind in (processor.batch, processor.simple):
            if kind is not None:
                yield kind.exporter


def _metric_exporters(configuration: OpenTelemetryConfiguration) -> Iterator[Any]:
    provider = configuration.meter_provider
    for reader in provider.readers if provider is not None else ():
        if reader.periodic is not None:
            yield reader.periodic.exporter


def _duckdb_arguments(exporters: Iterator[Any], redact: Any) -> Iterator[dict[str, Any]]:
    """Exporters that the models do not know land in `additional_properties`."""
    for exporter in exporters:
        extra: dict[str, Any] = getattr(exporter, "additional_properties", None) or {}
        if "duckdb" in extra:
            arguments = dict(extra["duckdb"] or {})
            if redact is not None:
                arguments["redact"] = redact
            extra["duckdb"] = arguments
            yield dict(arguments)

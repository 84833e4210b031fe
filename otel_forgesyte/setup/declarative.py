"""`OTEL_CONFIG_FILE`: OpenTelemetry's declarative configuration, with what it cannot say added.

The file's models know no custom processors and no `service.instance.id` without a detector. So the
parsed file is completed before it is applied, and what only Python can add (job stamping, running
jobs, frames) is added to the providers afterwards, exactly as to a host's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from otel_forgesyte.errors import ConfigError
from otel_forgesyte.semconv import SERVICE_INSTANCE_ID

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.configuration import OpenTelemetryConfiguration


@dataclass(frozen=True, slots=True)
class Declared:
    """What of the file matters to us afterwards.

    Attributes:
        spans: arguments of each `duckdb` span exporter in the file.
        metrics: arguments of each `duckdb` metric exporter in the file.
    """

    spans: tuple[dict[str, Any], ...]
    metrics: tuple[dict[str, Any], ...]


def apply(path: str) -> Declared:
    """Sets the global providers as the file at `path` says.

    Raises:
        ConfigError: the package that reads such files is missing, or the file cannot be read or
            understood; says which and what to do.
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
    try:
        configuration = load_config_file(path)
        _add_service_instance_id(configuration)
        configure_sdk(configuration)
    except (ConfigurationError, OSError) as error:
        raise ConfigError(f"OTEL_CONFIG_FILE {path!r} cannot be applied: {error}") from error
    return Declared(
        tuple(_duckdb_arguments(_span_exporters(configuration))),
        tuple(_duckdb_arguments(_metric_exporters(configuration))),
    )


def _add_service_instance_id(configuration: OpenTelemetryConfiguration) -> None:
    from opentelemetry.configuration.models import AttributeNameValue, Resource

    resource = configuration.resource or Resource()
    attributes = list(resource.attributes or ())
    if all(attribute.name != SERVICE_INSTANCE_ID for attribute in attributes):
        attributes.append(AttributeNameValue(SERVICE_INSTANCE_ID, str(uuid4())))
    resource.attributes = attributes
    configuration.resource = resource


def _span_exporters(configuration: OpenTelemetryConfiguration) -> Iterator[Any]:
    provider = configuration.tracer_provider
    for processor in provider.processors if provider is not None else ():
        for kind in (processor.batch, processor.simple):
            if kind is not None:
                yield kind.exporter


def _metric_exporters(configuration: OpenTelemetryConfiguration) -> Iterator[Any]:
    provider = configuration.meter_provider
    for reader in provider.readers if provider is not None else ():
        if reader.periodic is not None:
            yield reader.periodic.exporter


def _duckdb_arguments(exporters: Iterator[Any]) -> Iterator[dict[str, Any]]:
    """Exporters that the models do not know land in `additional_properties`."""
    for exporter in exporters:
        extra: dict[str, Any] = getattr(exporter, "additional_properties", None) or {}
        if "duckdb" in extra:
            yield dict(extra["duckdb"] or {})

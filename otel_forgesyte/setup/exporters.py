"""Exporters by the names that `OTEL_TRACES_EXPORTER` and its siblings carry."""

from __future__ import annotations

import os
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from otel_forgesyte.errors import ConfigError

if TYPE_CHECKING:
    from otel_forgesyte.setup.settings import Settings

_OTLP = "otlp"
_OTLP_ENTRY_POINTS = {"grpc": "otlp_proto_grpc", "http/protobuf": "otlp_proto_http"}


def load(signal: str, name: str, settings: Settings) -> Any:
    """A new exporter of `signal` ("traces", "metrics" or "logs").

    Raises:
        ConfigError: no installed package offers that name; says what to install.
        Exception: whatever the exporter's constructor raises.
    """
    entry_name = _otlp_entry_point(signal) if name == _OTLP else name
    group = f"opentelemetry_{signal}_exporter"
    found = next(iter(entry_points(group=group, name=entry_name)), None)
    if found is None:
        known = sorted({entry.name for entry in entry_points(group=group)})
        raise ConfigError(
            f"no installed package offers the {signal} exporter {name!r}; "
            f"installed are: {', '.join(known)}{_hint(name)}"
        )
    arguments = settings.duckdb_arguments if name == "duckdb" else {}
    return found.load()(**arguments)


def _otlp_entry_point(signal: str) -> str:
    """The SDK takes gRPC when no protocol is named; the specification and our extra say HTTP."""
    variable = f"OTEL_EXPORTER_OTLP_{signal.upper()}_PROTOCOL"
    protocol = os.environ.get(variable) or os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL")
    if protocol is None:
        has_http = find_spec("opentelemetry.exporter.otlp.proto.http") is not None
        return _OTLP_ENTRY_POINTS["http/protobuf" if has_http else "grpc"]
    if protocol.strip() not in _OTLP_ENTRY_POINTS:
        raise ConfigError(
            f"the OTLP protocol {protocol!r} is not supported: give "
            f"{' or '.join(_OTLP_ENTRY_POINTS)} in OTEL_EXPORTER_OTLP_PROTOCOL"
        )
    return _OTLP_ENTRY_POINTS[protocol.strip()]


def _hint(name: str) -> str:
    return "; try: pip install 'otel-forgesyte[otlp]'" if name.startswith(_OTLP) else ""

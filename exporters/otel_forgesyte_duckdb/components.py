"""What the parts of this package call themselves in the telemetry about them.

Classes by their full name, as OpenTelemetry wants it of types it has no word for, and a number:
https://opentelemetry.io/docs/specs/semconv/registry/attributes/otel/
"""

from __future__ import annotations

_PACKAGE = "otel_forgesyte_duckdb"
STORE = f"{_PACKAGE}.Store"
DRAINER = f"{_PACKAGE}.PatientDrainer"
EXPORTERS = {
    "spans": f"{_PACKAGE}.DuckDBSpanExporter",
    "metric_points": f"{_PACKAGE}.DuckDBMetricExporter",
    "logs": f"{_PACKAGE}.DuckDBLogExporter",
}
"""By signal. Exporters of one signal into one store are one component: they share its counts."""
QUEUES = {
    "spans": f"{_PACKAGE}.QueuedSpanProcessor",
    "logs": f"{_PACKAGE}.QueuedLogProcessor",
}
"""By signal."""


def component(kind: str, number: int) -> str:
    """Return a component's name; the number is the process's own count, so names stay few."""
    return f"{kind}/{number}"


def kind_of(name: str) -> str:
    """Return the type that a component's name begins with."""
    return name.rpartition("/")[0]

"""The names under which OpenTelemetry's Prometheus exporter shows our metrics and attributes.

Written after the compatibility specification
(https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/) and not taken
from the exporter's private module; a test scrapes the real exporter and compares.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from registry.model import Metric

_UNIT_WORDS = {
    "1": "",
    "%": "percent",
    "By": "bytes",
    "Cel": "celsius",
    "Hz": "hertz",
    "d": "days",
    "h": "hours",
    "min": "minutes",
    "ms": "milliseconds",
    "ns": "nanoseconds",
    "s": "seconds",
    "us": "microseconds",
}
_PER_WORDS = {"s": "second", "h": "hour", "d": "day"}

_SUFFIXES = {
    "counter": ("_total", "_created"),
    "histogram": ("_bucket", "_count", "_sum", "_created"),
}

# Labels that a Prometheus server or the exporter sets by itself.
RESERVED_LABELS = frozenset(
    {
        "instance",
        "job",
        "le",
        "otel_scope_name",
        "otel_scope_schema_url",
        "otel_scope_version",
        "quantile",
    }
)


def label_name(attribute: str) -> str:
    """The label that carries the attribute."""
    return re.sub(r"[^a-zA-Z0-9]+", "_", attribute)


def family_name(metric: Metric) -> str:
    """The metric's family: its name with the unit in words, as `# TYPE` shows it."""
    name = re.sub(r"[^a-zA-Z0-9:]+", "_", metric.name)
    unit = unit_words(metric.unit)
    return name if not unit or name.endswith(f"_{unit}") else f"{name}_{unit}"


def shown_name(metric: Metric) -> str:
    """The name to look for in a query: the family's, with `_total` on a counter."""
    return family_name(metric) + ("_total" if metric.instrument == "counter" else "")


def sample_names(metric: Metric) -> tuple[str, ...]:
    """Every name that the metric takes up at `/metrics`, the family's own among them."""
    family = family_name(metric)
    return (family, *(family + suffix for suffix in _SUFFIXES.get(metric.instrument, ())))


def unit_words(unit: str) -> str:
    """The unit as a suffix: annotations dropped, `s` in full, `By/s` as `bytes_per_second`."""
    plain = re.sub(r"\{.*?\}", "", unit)
    if plain in _UNIT_WORDS:
        return _UNIT_WORDS[plain]
    top, slash, bottom = plain.partition("/")
    if not (slash and bottom):
        return re.sub(r"[^a-zA-Z0-9:]+", "_", plain).strip("_")
    over = _UNIT_WORDS.get(top, top)
    under = f"per_{_PER_WORDS.get(bottom, bottom)}"
    return f"{over}_{under}" if over else under

"""Names as Prometheus allows them, made from OpenTelemetry names and units.

Rules: https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

# Underscores are in the class so that a run of them, or of anything replaced by them, becomes one.
_NOT_IN_METRIC_NAME: Final = re.compile(r"[^a-zA-Z0-9:]+")
_NOT_IN_LABEL_NAME: Final = re.compile(r"[^a-zA-Z0-9]+")
_ANNOTATION: Final = re.compile(r"\{[^}]*\}")

_UNITS: Final = {
    "d": "days",
    "h": "hours",
    "min": "minutes",
    "s": "seconds",
    "ms": "milliseconds",
    "us": "microseconds",
    "ns": "nanoseconds",
    "By": "bytes",
    "bit": "bits",
    "KiBy": "kibibytes",
    "MiBy": "mebibytes",
    "GiBy": "gibibytes",
    "TiBy": "tebibytes",
    "kBy": "kilobytes",
    "MBy": "megabytes",
    "GBy": "gigabytes",
    "TBy": "terabytes",
    "m": "meters",
    "V": "volts",
    "A": "amperes",
    "J": "joules",
    "W": "watts",
    "g": "grams",
    "Cel": "celsius",
    "Hz": "hertz",
    "%": "percent",
}
_PER: Final = {
    "s": "second",
    "min": "minute",
    "h": "hour",
    "d": "day",
    "wk": "week",
    "mo": "month",
    "a": "year",
}


@lru_cache(maxsize=4096)
def label_name(key: str) -> str:
    """The label name for an attribute key: ``http.route`` becomes ``http_route``."""
    return _first_not_a_digit(_NOT_IN_LABEL_NAME.sub("_", key))


@lru_cache(maxsize=4096)
def metric_name(name: str, unit: str, *, is_counter: bool = False) -> str:
    """The family name: no type suffix yet, ``unit`` (as `unit_name` gives it) at its end, once.

    A ``_total`` that a counter's name brings is taken off, because the type suffix is put on
    after the unit, and OpenMetrics puts it on the sample and not on the family. Any other
    instrument keeps it: the gauges ``disk.total`` and ``disk`` are two.
    """
    name = _first_not_a_digit(_NOT_IN_METRIC_NAME.sub("_", name))
    if is_counter:
        name = name.removesuffix("_total") or name
    if not unit or name.endswith("_" + unit):
        return name
    return f"{name.rstrip('_')}_{unit}"


@lru_cache(maxsize=512)
def unit_name(unit: str, *, is_gauge: bool = False) -> str:
    """The Prometheus word for a UCUM unit: ``s`` is ``seconds``; ``{job}`` is no unit at all.

    ``1`` is a ratio only for a gauge: a counter of ``1`` counts things, and ``_ratio_total``
    would mislead. The collector and the Go exporter decide alike.
    """
    unit = _ANNOTATION.sub("", unit).strip()
    if unit == "1":
        return "ratio" if is_gauge else ""
    above, slash, below = unit.partition("/")
    above, below = above.strip(), below.strip()
    words = [_UNITS.get(above, above)]
    if slash and below:
        words += ["per", _PER.get(below, below)]
    return _NOT_IN_LABEL_NAME.sub("_", "_".join(word for word in words if word)).strip("_")


def _first_not_a_digit(name: str) -> str:
    # Prefixed, not replaced: 1a and 2a must stay two names.
    if not name:
        return "_"
    return "_" + name if name[0].isdigit() else name

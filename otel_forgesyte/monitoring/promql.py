"""PromQL made from the registry's constants, so that a renamed metric changes the expression.

Names are those that our `/metrics` shows, from the functions that write it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from otel_forgesyte_prometheus.names import label_name, metric_name, unit_name

TARGET = "job"
"""Prometheus' own label for what it scrapes: the service, never a job of ours."""
INSTANCE = "instance"
UP = "up"
TARGET_INFO = "target_info"


class Instrument(Protocol):
    """What makes a name at `/metrics`: an instrument of `semconv`, or an exporter's own."""

    @property
    def name(self) -> str:
        """OpenTelemetry's name."""
        ...

    @property
    def kind(self) -> str:
        """Such as `counter`."""
        ...

    @property
    def unit(self) -> str:
        """In UCUM."""
        ...


@dataclass(frozen=True, slots=True)
class Series:
    """A sample's name and what its labels have to be."""

    name: str
    matchers: tuple[str, ...] = ()

    def where(self, *matchers: str) -> Series:
        """The same with these matchers as well; empty ones count for nothing."""
        return Series(self.name, (*self.matchers, *filter(None, matchers)))

    def __str__(self) -> str:
        return f"{self.name}{{{', '.join(self.matchers)}}}" if self.matchers else self.name


def family(instrument: Instrument) -> str:
    """The name of the metric's family."""
    unit = unit_name(instrument.unit, is_gauge=instrument.kind == "gauge")
    return metric_name(instrument.name, unit, is_counter=instrument.kind == "counter")


def label_of(attribute: str) -> str:
    """The label that carries the attribute."""
    return label_name(attribute)


def value(instrument: Instrument) -> Series:
    """A counter's or gauge's one sample."""
    suffix = "_total" if instrument.kind == "counter" else ""
    return Series(family(instrument) + suffix)


def count(histogram: Instrument) -> Series:
    """How many values a histogram has seen."""
    return Series(f"{family(histogram)}_count")


def total(histogram: Instrument) -> Series:
    """The sum of the values it has seen."""
    return Series(f"{family(histogram)}_sum")


def buckets(histogram: Instrument) -> Series:
    """Its buckets, with the label `le`."""
    return Series(f"{family(histogram)}_bucket")


def any_of(*series: Series) -> Series:
    """Samples of any of these names, whatever their labels."""
    return Series("", (f'__name__=~"{"|".join(one.name for one in series)}"',))


def up_to(histogram: Instrument, bound: float) -> Series:
    """Its bucket of values up to a bound, however the scrape spells a whole one: 5 or 5.0."""
    spelt = f'le=~"{bound:g}|{bound:g}.0"' if float(bound).is_integer() else f'le="{bound:g}"'
    return buckets(histogram).where(spelt)


def has(attribute: str, text: str) -> str:
    """The attribute's label is this text; the empty one means that there is none."""
    return f'{label_name(attribute)}="{_escaped(text)}"'


def lacks(attribute: str, text: str = "") -> str:
    """The label is another text; without one, it is there."""
    return f'{label_name(attribute)}!="{_escaped(text)}"'


def fits(attribute: str, pattern: str) -> str:
    """The label matches the whole pattern, of RE2."""
    return f'{label_name(attribute)}=~"{_escaped(pattern)}"'


def fits_not(attribute: str, pattern: str) -> str:
    """The label does not match the pattern."""
    return f'{label_name(attribute)}!~"{_escaped(pattern)}"'


def rate(series: Series, window: str = "$__rate_interval") -> str:
    """Its growth a second."""
    return f"rate({series}[{window}])"


def increase(series: Series, window: str) -> str:
    """Its growth over the window."""
    return f"increase({series}[{window}])"


def summed(expression: object, *by: str) -> str:
    """Summed to one series for each value of these labels."""
    return _aggregated("sum", expression, by)


def largest(expression: object, *by: str) -> str:
    """The largest for each value of these labels."""
    return _aggregated("max", expression, by)


def quantile(q: float, bucketed: Series, *by: str, window: str = "$__rate_interval") -> str:
    """What this share of the values does not exceed."""
    return f"histogram_quantile({q:g}, {summed(rate(bucketed, window), *by, 'le')})"


def ratio(part: str, whole: str) -> str:
    """Part of whole; 0 where there is a whole and never was a part, nothing without a whole."""
    return f"({part} or 0 * {whole}) / ({whole} > 0)"


def _aggregated(how: str, expression: object, by: tuple[str, ...]) -> str:
    labels = f" by ({', '.join(map(label_name, by))})" if by else ""
    return f"{how}{labels} ({expression})"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")

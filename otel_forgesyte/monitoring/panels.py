"""Dashboards as plain records, before they are Grafana's JSON."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal

Kind = Literal["timeseries", "stat", "table", "heatmap"]


class Source(Enum):
    """What answers a dashboard's questions; the value is the type of its Grafana data source."""

    PROMETHEUS = "prometheus"
    DUCKDB = "motherduck-duckdb-datasource"

    @property
    def word(self) -> str:
        """As folders and uids have it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Query:
    """One question.

    Attributes:
        text: PromQL or SQL, with Grafana's variables.
        legend: how its series are called, with labels as `{{label}}`; PromQL only.
        needs: what has to happen before it has an answer; empty where a working service is enough.
    """

    text: str
    legend: str = ""
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture. `unit` is Grafana's; 24 columns make the width of a dashboard."""

    title: str
    queries: tuple[Query, ...]
    kind: Kind = "timeseries"
    unit: str = "short"
    width: int = 12
    height: int = 8
    description: str = ""
    stacked: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """Panels below one heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice at the top of a dashboard, of the values that a query gives; several or all."""

    name: str
    label: str
    query: str


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One page."""

    name: str
    title: str
    description: str
    source: Source
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...] = ()

    @property
    def uid(self) -> str:
        """Grafana's identity of the page: links and imports go by it, so it never changes."""
        return f"forgesyte-{self.source.word}-{self.name}"

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All panels, in their order."""
        return tuple(panel for row in self.rows for panel in row.panels)


SECONDS = "s"
MILLISECONDS = "ms"
SHARE = "percentunit"
COUNT = "short"
_OF_UNITS = {"s": SECONDS, "By": "bytes", "1": COUNT}


def unit_of(unit: str) -> str:
    """Grafana's unit for one of the registry's: `{frame}` is said behind the number."""
    return _OF_UNITS.get(unit) or f"suffix: {unit.strip('{}')}s"


def per_second(unit: str) -> str:
    """Grafana's unit for so many a second."""
    return f"suffix: {unit.strip('{}')}s/s"


def stat(title: str, query: Query, unit: str = COUNT, description: str = "") -> Panel:
    """One large number."""
    return Panel(title, (query,), "stat", unit, width=6, height=4, description=description)


def table(title: str, query: Query, width: int = 24, description: str = "") -> Panel:
    """Rows and columns."""
    return Panel(title, (query,), "table", width=width, description=description)

"""What a reader of a dashboard chooses at its top, and how the questions below take it up."""

from __future__ import annotations

from otel_forgesyte.monitoring import promql
from otel_forgesyte.monitoring.panels import Panel, Query, Variable, per_second
from otel_forgesyte.monitoring.sqltext import question
from otel_forgesyte.monitoring.telemetry_alerts import OURS
from otel_forgesyte.semconv import (
    FORGESYTE_PLUGIN_NAME,
    METRIC_FORGESYTE_JOB_ACTIVE,
    METRIC_FORGESYTE_PLUGIN_EXECUTION_DURATION,
)

IN_SERVICE = promql.fits(promql.TARGET, "$service")
OF_PLUGIN = promql.fits(FORGESYTE_PLUGIN_NAME, "$plugin")
RANGE = "$__range"
NAME = promql.label_of(FORGESYTE_PLUGIN_NAME)


def _values(label: str, series: promql.Series) -> str:
    return f"label_values({series}, {label})"


SERVICES = Variable("service", "Service", _values(promql.TARGET, OURS))
JOB_PLUGINS = Variable(
    "plugin",
    "Plugin",
    _values(NAME, promql.value(METRIC_FORGESYTE_JOB_ACTIVE).where(IN_SERVICE)),
)
PLUGINS = Variable(
    "plugin",
    "Plugin",
    _values(NAME, promql.count(METRIC_FORGESYTE_PLUGIN_EXECUTION_DURATION).where(IN_SERVICE)),
)
STORED_PLUGINS = Variable("plugin", "Plugin", question("names_plugins").text)
STORED_SERVICES = Variable("service", "Service", question("names_services").text)


def asked(title: str, name: str, unit: str = "short", **how: object) -> Panel:
    """A panel over time of the question of this name in `sql`."""
    return Panel(title, (question(name),), unit=unit, **how)  # type: ignore[arg-type]


def called(*labels: str) -> str:
    """A legend that calls each series by its values of these labels."""
    return " ".join(f"{{{{{promql.label_of(label)}}}}}" for label in labels)


def shares(*quantiles: float, of: promql.Series, by: tuple[str, ...] = ()) -> tuple[Query, ...]:
    """Each of these quantiles of a histogram's buckets, called p50 and the like."""
    return tuple(
        Query(promql.quantile(q, of, *by), f"p{q * 100:g} {called(*by)}".rstrip())
        for q in quantiles
    )


def rates(
    title: str, series: promql.Series, *by: str, unit: str, needs: str = "", description: str = ""
) -> Panel:
    """How often it happens, stacked by these labels; `unit` is the registry's for one of them."""
    query = Query(promql.summed(promql.rate(series), *by), called(*by), needs)
    return Panel(title, (query,), unit=per_second(unit), description=description, stacked=True)

"""Plugins: which run, which fail, which take the time."""

from __future__ import annotations

from otel_forgesyte.monitoring.boards.selection import (
    IN_SERVICE,
    OF_PLUGIN,
    PLUGINS,
    RANGE,
    SERVICES,
    STORED_PLUGINS,
    asked,
    called,
    rates,
    shares,
)
from otel_forgesyte.monitoring.panels import (
    MILLISECONDS,
    SECONDS,
    SHARE,
    Dashboard,
    Panel,
    Query,
    Row,
    Source,
    stat,
    table,
)
from otel_forgesyte.monitoring.promql import (
    buckets,
    count,
    has,
    increase,
    lacks,
    quantile,
    rate,
    ratio,
    summed,
    total,
)
from otel_forgesyte.monitoring.sqltext import question
from otel_forgesyte.semconv import (
    ERROR_TYPE,
    FORGESYTE_DEVICE_NAME,
    FORGESYTE_PLUGIN_NAME,
    FORGESYTE_PLUGIN_SOFT_ERROR,
    FORGESYTE_PLUGIN_TOOL,
    METRIC_FORGESYTE_PLUGIN_EXECUTION_DURATION,
)

_TOOL = (FORGESYTE_PLUGIN_NAME, FORGESYTE_PLUGIN_TOOL)
_runs = count(METRIC_FORGESYTE_PLUGIN_EXECUTION_DURATION).where(IN_SERVICE, OF_PLUGIN)
_busy = total(METRIC_FORGESYTE_PLUGIN_EXECUTION_DURATION).where(IN_SERVICE, OF_PLUGIN)
_durations = buckets(METRIC_FORGESYTE_PLUGIN_EXECUTION_DURATION).where(IN_SERVICE, OF_PLUGIN)
_raised = _runs.where(lacks(ERROR_TYPE))
_returned = _runs.where(has(FORGESYTE_PLUGIN_SOFT_ERROR, "true"))


def _failed_share(window: str, *by: str) -> str:
    """Raised or returned: a run has one of the two labels, or neither."""
    failed = f"({increase(_raised, window)} or {increase(_returned, window)})"
    return ratio(summed(failed, *by), summed(increase(_runs, window), *by))


PROMETHEUS = Dashboard(
    "plugins",
    "Plugins",
    "Which plugins and tools run, which fail, and which take the time.",
    Source.PROMETHEUS,
    (
        Row(
            "In the time shown",
            (
                stat("Runs", Query(summed(increase(_runs, RANGE)))),
                stat("Failed", Query(_failed_share(RANGE)), SHARE, "Raised and returned."),
                stat("p95", Query(quantile(0.95, _durations, window=RANGE)), SECONDS),
                stat("Busy at once", Query(summed(rate(_busy, RANGE)))),
            ),
        ),
        Row(
            "By plugin and tool",
            (
                rates("Runs", _runs, *_TOOL, unit="{run}"),
                Panel(
                    "Failed share",
                    (Query(_failed_share("$__rate_interval", *_TOOL), called(*_TOOL)),),
                    unit=SHARE,
                ),
                Panel("p95", shares(0.95, of=_durations, by=_TOOL), unit=SECONDS),
                Panel(
                    "Busy at once",
                    (Query(summed(rate(_busy), *_TOOL), called(*_TOOL)),),
                    stacked=True,
                    description="Seconds of work a second: where the time goes.",
                ),
            ),
        ),
        Row(
            "Failures",
            (
                rates("Raised, by error", _raised, FORGESYTE_PLUGIN_NAME, ERROR_TYPE, unit="{run}"),
                rates("Returned, by plugin", _returned, *_TOOL, unit="{run}"),
                Panel(
                    "p95, by device",
                    shares(0.95, of=_durations, by=(FORGESYTE_PLUGIN_NAME, FORGESYTE_DEVICE_NAME)),
                    unit=SECONDS,
                    width=24,
                ),
            ),
        ),
    ),
    (SERVICES, PLUGINS),
)

DUCKDB = Dashboard(
    "plugins",
    "Plugins",
    "Which plugins and tools ran, which failed, and which took the time.",
    Source.DUCKDB,
    (
        Row("In the time shown", (table("Plugins and tools", question("plugins_table")),)),
        Row(
            "By plugin and tool",
            (
                asked("Runs", "plugins_rate", stacked=True),
                asked("Failed share", "plugins_failed_share", SHARE),
                asked("p95", "plugins_p95", MILLISECONDS),
                asked("Time taken", "plugins_busy", MILLISECONDS, stacked=True),
            ),
        ),
        Row("Each of them", (table("Failed runs", question("plugins_failures")),)),
    ),
    (STORED_PLUGINS,),
)

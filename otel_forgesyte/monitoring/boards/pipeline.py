"""Pipeline and test intelligence: what breaks, what is unsteady, what became slower."""

from __future__ import annotations

from otel_forgesyte.monitoring.boards.selection import IN_SERVICE, RANGE, SERVICES, asked
from otel_forgesyte.monitoring.panels import Dashboard, Panel, Query, Row, Source, table
from otel_forgesyte.monitoring.promql import (
    TARGET,
    buckets,
    count,
    has,
    increase,
    lacks,
    quantile,
    summed,
    total,
)
from otel_forgesyte.monitoring.sqltext import question
from otel_forgesyte.semconv import (
    ERROR_TYPE,
    FORGESYTE_JOB_STATUS,
    FORGESYTE_PLUGIN_NAME,
    FORGESYTE_PLUGIN_SOFT_ERROR,
    FORGESYTE_PLUGIN_TOOL,
    METRIC_FORGESYTE_JOB_DURATION,
    METRIC_FORGESYTE_PLUGIN_EXECUTION_DURATION,
)

_MOST = 10
_TOOL = (TARGET, FORGESYTE_PLUGIN_NAME, FORGESYTE_PLUGIN_TOOL)
_runs = count(METRIC_FORGESYTE_PLUGIN_EXECUTION_DURATION).where(IN_SERVICE)
_busy = total(METRIC_FORGESYTE_PLUGIN_EXECUTION_DURATION).where(IN_SERVICE)
_durations = buckets(METRIC_FORGESYTE_PLUGIN_EXECUTION_DURATION).where(IN_SERVICE)
_jobs = count(METRIC_FORGESYTE_JOB_DURATION).where(IN_SERVICE)


def _most(expression: str) -> Query:
    return Query(f"topk({_MOST}, {expression} > 0)")


def _before(expression: str) -> str:
    return expression.replace(f"[{RANGE}]", f"[{RANGE}] offset {RANGE}")


_p95 = quantile(0.95, _durations, *_TOOL, window=RANGE)

PROMETHEUS = Dashboard(
    "pipeline",
    "Pipeline",
    "What breaks most, what returns errors, what takes the time, and what became slower.",
    Source.PROMETHEUS,
    (
        Row(
            "What breaks",
            (
                table(
                    "Exceptions of plugins, the most frequent",
                    _most(
                        summed(increase(_runs.where(lacks(ERROR_TYPE)), RANGE), *_TOOL, ERROR_TYPE)
                    ),
                    12,
                ),
                table(
                    "Failures that results told",
                    _most(
                        summed(
                            increase(_runs.where(has(FORGESYTE_PLUGIN_SOFT_ERROR, "true")), RANGE),
                            *_TOOL,
                        )
                    ),
                    12,
                ),
                table(
                    "How jobs ended",
                    Query(
                        summed(
                            increase(_jobs, RANGE),
                            TARGET,
                            FORGESYTE_PLUGIN_NAME,
                            FORGESYTE_JOB_STATUS,
                        )
                    ),
                ),
            ),
        ),
        Row(
            "What takes the time",
            (
                table("Seconds of work", _most(summed(increase(_busy, RANGE), *_TOOL)), 12),
                table(
                    "p95 against the time before",
                    Query(
                        f"{_p95} / {_before(_p95)}",
                        needs="as long a time before the one shown",
                    ),
                    12,
                    "2: what 95 of 100 runs do not exceed has doubled.",
                ),
            ),
        ),
    ),
    (SERVICES,),
)

DUCKDB = Dashboard(
    "pipeline",
    "Pipeline and tests",
    "Each fault with how often and where, what is unsteady, what became slower; and test cases and "
    "CI runs, where those are recorded as spans with OpenTelemetry's attributes.",
    Source.DUCKDB,
    (
        Row(
            "What breaks",
            (
                table("Faults", question("pipeline_errors")),
                asked("Faults over time", "pipeline_errors_over_time", stacked=True),
                table("Unsteady tools", question("pipeline_unsteady"), 12),
            ),
        ),
        Row(
            "What became slower",
            (table("p95 against the time before", question("pipeline_slower")),),
        ),
        Row(
            "Tests and CI",
            (
                table("Test cases", question("pipeline_tests"), 12),
                Panel("CI runs", (question("pipeline_runs"),), stacked=True),
            ),
        ),
    ),
)

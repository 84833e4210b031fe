"""Jobs: how many, how well, how long, and what waits."""

from __future__ import annotations

from otel_forgesyte.monitoring.boards.selection import (
    IN_SERVICE,
    JOB_PLUGINS,
    OF_PLUGIN,
    RANGE,
    SERVICES,
    STORED_PLUGINS,
    asked,
    called,
    rates,
    shares,
)
from otel_forgesyte.monitoring.burn_rate import BURN_RATE
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
    unit_of,
)
from otel_forgesyte.monitoring.promql import (
    TARGET,
    buckets,
    count,
    fits_not,
    has,
    increase,
    largest,
    quantile,
    rate,
    ratio,
    summed,
    value,
)
from otel_forgesyte.monitoring.sqltext import question
from otel_forgesyte.semconv import (
    ERROR_TYPE,
    FORGESYTE_JOB_STATUS,
    FORGESYTE_PLUGIN_NAME,
    METRIC_FORGESYTE_JOB_ACTIVE,
    METRIC_FORGESYTE_JOB_DURATION,
    METRIC_FORGESYTE_JOB_OLDEST_AGE,
    METRIC_FORGESYTE_JOB_QUEUE_DURATION,
    JobStatusValues,
)

_NAME = called(FORGESYTE_PLUGIN_NAME)
_ended = count(METRIC_FORGESYTE_JOB_DURATION).where(IN_SERVICE, OF_PLUGIN)
_failed = _ended.where(has(FORGESYTE_JOB_STATUS, JobStatusValues.ERROR.value))
_judged = _ended.where(fits_not(FORGESYTE_JOB_STATUS, JobStatusValues.CANCELLED.value))
_durations = buckets(METRIC_FORGESYTE_JOB_DURATION).where(IN_SERVICE, OF_PLUGIN)
_waits = buckets(METRIC_FORGESYTE_JOB_QUEUE_DURATION).where(IN_SERVICE, OF_PLUGIN)
_active = value(METRIC_FORGESYTE_JOB_ACTIVE).where(IN_SERVICE, OF_PLUGIN)
_oldest = value(METRIC_FORGESYTE_JOB_OLDEST_AGE).where(IN_SERVICE, OF_PLUGIN)

PROMETHEUS = Dashboard(
    "jobs",
    "Jobs",
    "How many jobs run, how they end, how long they take and how long they waited.",
    Source.PROMETHEUS,
    (
        Row(
            "In the time shown",
            (
                stat("Jobs ended", Query(summed(increase(_ended, RANGE)))),
                stat(
                    "Failed",
                    Query(
                        ratio(summed(increase(_failed, RANGE)), summed(increase(_judged, RANGE)))
                    ),
                    SHARE,
                    "Of the jobs that were not cancelled.",
                ),
                stat("p95", Query(quantile(0.95, _durations, window=RANGE)), SECONDS),
                stat("Running now", Query(summed(_active))),
            ),
        ),
        Row(
            "Jobs",
            (
                rates(
                    "Ended, by plugin and status",
                    _ended,
                    FORGESYTE_PLUGIN_NAME,
                    FORGESYTE_JOB_STATUS,
                    unit=METRIC_FORGESYTE_JOB_ACTIVE.unit,
                ),
                Panel(
                    "Failed share, by plugin",
                    (
                        Query(
                            ratio(
                                summed(rate(_failed), FORGESYTE_PLUGIN_NAME),
                                summed(rate(_judged), FORGESYTE_PLUGIN_NAME),
                            ),
                            _NAME,
                        ),
                    ),
                    unit=SHARE,
                ),
                rates(
                    "Failed, by error",
                    _failed,
                    FORGESYTE_PLUGIN_NAME,
                    ERROR_TYPE,
                    unit=METRIC_FORGESYTE_JOB_ACTIVE.unit,
                    description="Without a type: failures that the result told, not an exception.",
                ),
                Panel(
                    "Error budget burn",
                    (
                        Query(
                            str(BURN_RATE.over("1h").where(IN_SERVICE, OF_PLUGIN)),
                            _NAME,
                        ),
                    ),
                    description="1 spends a job's error budget exactly in its window; from the "
                    "recording rules that `otel-forgesyte rules write` makes.",
                ),
            ),
        ),
        Row(
            "Duration",
            (
                Panel("Duration", shares(0.5, 0.95, 0.99, of=_durations), unit=SECONDS),
                Panel(
                    "p95, by plugin",
                    shares(0.95, of=_durations, by=(FORGESYTE_PLUGIN_NAME,)),
                    unit=SECONDS,
                ),
                Panel(
                    "Durations",
                    (Query(summed(increase(_durations, "$__rate_interval"), "le"), "{{le}}"),),
                    "heatmap",
                    SECONDS,
                    width=24,
                ),
            ),
        ),
        Row(
            "Running and waiting",
            (
                Panel(
                    "Running",
                    (Query(summed(_active, FORGESYTE_PLUGIN_NAME), _NAME),),
                    unit=unit_of(METRIC_FORGESYTE_JOB_ACTIVE.unit),
                    width=8,
                    stacked=True,
                ),
                Panel(
                    "The oldest has run for",
                    (Query(largest(_oldest, TARGET, FORGESYTE_PLUGIN_NAME), _NAME),),
                    unit=unit_of(METRIC_FORGESYTE_JOB_OLDEST_AGE.unit),
                    width=8,
                ),
                Panel(
                    "Waited before the start",
                    shares(0.5, 0.95, of=_waits, by=(FORGESYTE_PLUGIN_NAME,)),
                    unit=unit_of(METRIC_FORGESYTE_JOB_QUEUE_DURATION.unit),
                    width=8,
                ),
            ),
        ),
    ),
    (SERVICES, JOB_PLUGINS),
)

DUCKDB = Dashboard(
    "jobs",
    "Jobs",
    "How many jobs ran, how they ended, how long they took, and each that failed.",
    Source.DUCKDB,
    (
        Row(
            "In the time shown",
            (
                stat("Jobs ended", question("jobs_ended")),
                stat("Failed", question("jobs_error_share"), SHARE),
                stat("p95", question("jobs_p95"), MILLISECONDS),
                stat("Not ended", question("jobs_running")),
            ),
        ),
        Row(
            "Jobs",
            (
                asked("Begun, by plugin and status", "jobs_rate", stacked=True),
                asked("Failed share, by plugin", "jobs_error_share_over_time", SHARE),
                asked("Duration", "jobs_duration", MILLISECONDS),
                asked("Waited before the start", "jobs_queue_wait", SECONDS),
                asked("Jobs an hour, deleted rows included", "jobs_per_hour", stacked=True),
            ),
        ),
        Row(
            "Each of them",
            (
                table("Failed", question("jobs_failures")),
                table("Not ended", question("jobs_unfinished")),
            ),
        ),
    ),
    (STORED_PLUGINS,),
)

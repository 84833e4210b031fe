"""Alerts beside the error budgets: stuck and waiting jobs, devices, plugins, overlays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otel_forgesyte.monitoring.burn_rate import Recorded
from otel_forgesyte.monitoring.promql import (
    INSTANCE,
    TARGET,
    buckets,
    count,
    increase,
    largest,
    quantile,
    rate,
    summed,
    total,
    value,
)
from otel_forgesyte.monitoring.rules import COUNTED, TICKET, Alert, Recording, told
from otel_forgesyte.semconv import (
    FORGESYTE_DEVICE_REQUESTED,
    FORGESYTE_DEVICE_USED,
    FORGESYTE_PLUGIN_NAME,
    FORGESYTE_PLUGIN_TOOL,
    METRIC_FORGESYTE_DEVICE_FALLBACKS,
    METRIC_FORGESYTE_JOB_OLDEST_AGE,
    METRIC_FORGESYTE_JOB_QUEUE_DURATION,
    METRIC_FORGESYTE_OVERLAY_FRAME_INTERVAL,
    METRIC_FORGESYTE_PLUGIN_EXECUTION_DURATION,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otel_forgesyte.monitoring.targets import Target

_SURGE, _LEAST_FALLBACKS = 3, 5
_SLOWER, _LEAST_RUNS = 2, 20

_FPS = Recorded("forgesyte:overlay_fps", "ratio_rate")
_P95 = Recorded("forgesyte:plugin_duration_seconds", "p95_")
_FALLBACKS = Recorded("forgesyte:device_fallbacks", "rate")
_NAME = told(FORGESYTE_PLUGIN_NAME)


def job_alerts(targets: Sequence[Target]) -> tuple[Alert, ...]:
    """Jobs that run too long, and jobs that wait too long."""
    by = (TARGET, FORGESYTE_PLUGIN_NAME)
    stuck: list[str] = []
    waiting: list[str] = []
    for target in targets:
        age = value(METRIC_FORGESYTE_JOB_OLDEST_AGE).where(target.matcher)
        stuck.append(f"{largest(age, *by, INSTANCE)} > {target.objective.running_s:g}")
        waits = buckets(METRIC_FORGESYTE_JOB_QUEUE_DURATION).where(target.matcher)
        waited = quantile(0.95, waits, *by, window="10m")
        waiting.append(f"{waited} > {target.objective.queued_s:g}")
    return (
        Alert(
            "ForgesyteJobStuck",
            "\nor ".join(stuck),
            TICKET,
            f"A job of {_NAME} does not end",
            "It has run for {{ $value | humanizeDuration }} in {{ $labels.instance }}.",
            "a job that runs longer than its objective",
            "1m",
        ),
        Alert(
            "ForgesyteQueueAge",
            "\nor ".join(waiting),
            TICKET,
            f"Jobs of {_NAME} wait too long for their start",
            "5 of 100 waited longer than {{ $value | humanizeDuration }} in the last ten minutes.",
            "jobs that wait longer than their objective",
            "5m",
        ),
    )


def device_rules() -> tuple[Recording | Alert, ...]:
    """Many more fallbacks than there used to be, or the first ones."""
    by = (TARGET, FORGESYTE_DEVICE_REQUESTED, FORGESYTE_DEVICE_USED)
    fallbacks = value(METRIC_FORGESYTE_DEVICE_FALLBACKS)
    recent = _FALLBACKS.over("15m")
    # Of the whole day: the average of a recorded rate is that of the hours in which there was one,
    # and a process's first fallback begins its counter.
    day = summed(f"rate({fallbacks}[1d] offset 1h)", *by)
    usual = f"({day} or 0 * {recent})"
    return (
        Recording(recent.name, summed(rate(fallbacks, "15m"), *by)),
        Alert(
            "ForgesyteDeviceFallbackSurge",
            f"{summed(increase(fallbacks, '15m'), *by)} >= {_LEAST_FALLBACKS}\n"
            f"and {recent} > {_SURGE} * {usual}",
            TICKET,
            f"Work asks for {told(FORGESYTE_DEVICE_REQUESTED)} and runs on "
            f"{told(FORGESYTE_DEVICE_USED)}",
            f"{COUNTED} fallbacks in 15 minutes, more than {_SURGE} times as many as over the day "
            "before.",
            f"{_LEAST_FALLBACKS} fallbacks or more within 15 minutes, and fewer the day before",
            "5m",
        ),
    )


def plugin_rules() -> tuple[Recording | Alert, ...]:
    """A plugin that became slower than it was over the day before."""
    by = (TARGET, FORGESYTE_PLUGIN_NAME, FORGESYTE_PLUGIN_TOOL)
    now = _P95.over("30m")
    durations = buckets(METRIC_FORGESYTE_PLUGIN_EXECUTION_DURATION)
    runs = summed(increase(count(METRIC_FORGESYTE_PLUGIN_EXECUTION_DURATION), "30m"), *by)
    return (
        # Above 0, so that a pause leaves no NaN to make the day's average one.
        Recording(now.name, f"{quantile(0.95, durations, *by, window='30m')} > 0"),
        Alert(
            "ForgesytePluginSlower",
            f"{now} > {_SLOWER} * avg_over_time({now}[1d] offset 1h)\nand {runs} >= {_LEAST_RUNS}",
            TICKET,
            f"{_NAME} {told(FORGESYTE_PLUGIN_TOOL)} became slower",
            f"5 of 100 runs take longer than {{{{ $value | humanizeDuration }}}}, more than "
            f"{_SLOWER} times as long as over the day before.",
            f"an hour of history, and runs that take {_SLOWER} times as long",
            "15m",
        ),
    )


def overlay_rules(targets: Sequence[Target]) -> tuple[Recording | Alert, ...]:
    """Overlays that show fewer frames a second than they are to."""
    by = (TARGET, FORGESYTE_PLUGIN_NAME)
    shown = summed(rate(count(METRIC_FORGESYTE_OVERLAY_FRAME_INTERVAL), "5m"), *by)
    taken = summed(rate(total(METRIC_FORGESYTE_OVERLAY_FRAME_INTERVAL), "5m"), *by)
    fps = _FPS.over("5m")
    slow = [
        f"{fps.where(target.matcher)} < {target.objective.fps:g}"
        for target in targets
        if target.objective.fps is not None
    ]
    alert = Alert(
        "ForgesyteOverlayBelowTarget",
        "\nor ".join(slow),
        TICKET,
        f"The overlay of {_NAME} shows too few frames",
        "{{ $value | humanize }} a second over the last five minutes.",
        "frames further apart than their objective",
        "2m",
    )
    return (Recording(fps.name, f"{shown} / ({taken} > 0)"), *((alert,) if slow else ()))

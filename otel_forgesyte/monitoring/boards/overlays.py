"""Overlays: time to draw a frame, frames a second, frames dropped."""

from __future__ import annotations

from otel_forgesyte.monitoring.boards.selection import (
    IN_SERVICE,
    RANGE,
    SERVICES,
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
    TARGET,
    buckets,
    count,
    increase,
    rate,
    ratio,
    summed,
    total,
    up_to,
    value,
)
from otel_forgesyte.monitoring.sqltext import question
from otel_forgesyte.semconv import (
    FORGESYTE_PLUGIN_NAME,
    METRIC_FORGESYTE_OVERLAY_FRAME_INTERVAL,
    METRIC_FORGESYTE_OVERLAY_FRAMES_DROPPED,
    METRIC_FORGESYTE_OVERLAY_RENDER_DURATION,
)

_FRAME = METRIC_FORGESYTE_OVERLAY_FRAMES_DROPPED.unit
_FPS = "suffix: fps"
_drawn = count(METRIC_FORGESYTE_OVERLAY_RENDER_DURATION).where(IN_SERVICE)
_draw_times = buckets(METRIC_FORGESYTE_OVERLAY_RENDER_DURATION).where(IN_SERVICE)
_shown = count(METRIC_FORGESYTE_OVERLAY_FRAME_INTERVAL).where(IN_SERVICE)
_intervals = total(METRIC_FORGESYTE_OVERLAY_FRAME_INTERVAL).where(IN_SERVICE)
_fluent = up_to(METRIC_FORGESYTE_OVERLAY_FRAME_INTERVAL, 0.0333).where(IN_SERVICE)
_dropped = value(METRIC_FORGESYTE_OVERLAY_FRAMES_DROPPED).where(IN_SERVICE)


def _fps(window: str, *by: str) -> str:
    """Frames by the time between them: what a viewer saw."""
    return ratio(summed(rate(_shown, window), *by), summed(rate(_intervals, window), *by))


def _dropped_share(window: str, *by: str) -> str:
    dropped = summed(increase(_dropped, window), *by)
    drawn = summed(increase(_drawn, window), *by)
    return ratio(dropped, f"(({dropped} or 0 * {drawn}) + {drawn})")


PROMETHEUS = Dashboard(
    "overlays",
    "Overlays",
    "How long frames take to draw, how many a viewer saw a second, and how many were dropped.",
    Source.PROMETHEUS,
    (
        Row(
            "In the time shown",
            (
                stat("Frames drawn", Query(summed(increase(_drawn, RANGE)))),
                stat("Frames a second", Query(_fps(RANGE)), _FPS),
                stat("Dropped", Query(_dropped_share(RANGE)), SHARE, "Of all frames there were."),
                stat(
                    "At 30 fps or more",
                    Query(ratio(summed(increase(_fluent, RANGE)), summed(increase(_shown, RANGE)))),
                    SHARE,
                ),
            ),
        ),
        Row(
            "Frames",
            (
                Panel("Time to draw one", shares(0.5, 0.95, 0.99, of=_draw_times), unit=SECONDS),
                Panel(
                    "Frames a second, by plugin",
                    (
                        Query(
                            _fps("$__rate_interval", TARGET, FORGESYTE_PLUGIN_NAME),
                            called(FORGESYTE_PLUGIN_NAME),
                        ),
                    ),
                    unit=_FPS,
                    description="Of frames whose rate is known.",
                ),
                rates("Drawn", _drawn, FORGESYTE_PLUGIN_NAME, unit=_FRAME),
                rates("Dropped", _dropped, FORGESYTE_PLUGIN_NAME, unit=_FRAME),
                Panel(
                    "Times to draw",
                    (Query(summed(increase(_draw_times, "$__rate_interval"), "le"), "{{le}}"),),
                    "heatmap",
                    SECONDS,
                    width=24,
                ),
            ),
        ),
    ),
    (SERVICES,),
)

DUCKDB = Dashboard(
    "overlays",
    "Overlays",
    "How long frames took to draw, how many a viewer saw a second, and each job that drew.",
    Source.DUCKDB,
    (
        Row(
            "In the time shown",
            (
                stat("Frames drawn", question("overlays_drawn")),
                stat("Dropped", question("overlays_dropped_share"), SHARE),
            ),
        ),
        Row(
            "Frames",
            (
                asked("Time to draw one", "overlays_frame_time", MILLISECONDS),
                asked("Frames a second", "overlays_fps", _FPS),
                asked("Drawn and dropped", "overlays_dropped", width=24),
                table("Jobs that drew", question("overlays_jobs")),
            ),
        ),
    ),
)

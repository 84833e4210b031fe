"""P11: one page of `/metrics` with 2,000 series, against prometheus_client's own page of the same.

The series are one histogram with 15 buckets, a sum and a count, by plugin and tool: what a server
of vision jobs really has most of.
"""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

from benchmarks.rows import Figure, Row
from benchmarks.workload import DURATION_BOUNDS_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from opentelemetry.sdk.metrics import MeterProvider

    from benchmarks.harness import Case

_SERIES = 2_000
_LINES_PER_LABEL_SET = len(DURATION_BOUNDS_S) + 3
_LABEL_SETS = _SERIES // _LINES_PER_LABEL_SET
_PAGES = 30
_MEASUREMENTS = (0.002, 0.02, 0.2)

ROWS = (
    Row(
        key="P11",
        what="/metrics page, 2,000 series",
        baseline_what="prometheus_client generate_latest, same series",
        candidate=Figure("scrape:ours", "page_us"),
        baseline=Figure("scrape:prometheus_client_alone", "page_us"),
        unit="µs",
        must=1.5,
        aim=1.0,
    ),
    Row(
        key="P11 stock",
        what="the stock exporter's page, for comparison",
        baseline_what="prometheus_client generate_latest, same series",
        candidate=Figure("scrape:stock_exporter", "page_us"),
        baseline=Figure("scrape:prometheus_client_alone", "page_us"),
        unit="µs",
    ),
)


def ours() -> Case:
    """Collected by our reader and written as text."""
    from opentelemetry.sdk.metrics import MeterProvider

    from otel_forgesyte_prometheus import PrometheusReader

    reader = PrometheusReader(scope_labels=False, target_info=False)
    _record(MeterProvider([reader]))
    return _paged(reader.page)


def stock_exporter() -> Case:
    """Collected by OpenTelemetry's own exporter and written by prometheus_client."""
    from opentelemetry.exporter.prometheus import PrometheusMetricReader
    from opentelemetry.sdk.metrics import MeterProvider
    from prometheus_client import REGISTRY, generate_latest

    _empty_default_registry()
    _record(MeterProvider([PrometheusMetricReader(disable_target_info=True)]))
    return _paged(lambda: generate_latest(REGISTRY))


def prometheus_client_alone() -> Case:
    """Instruments of prometheus_client itself: no OpenTelemetry anywhere."""
    from prometheus_client import (
        CollectorRegistry,
        Histogram,
        disable_created_metrics,
        generate_latest,
    )

    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    histogram = Histogram(
        "forgesyte_plugin_execution_duration_seconds",
        "Duration of one plugin execution.",
        ("forgesyte_plugin_name", "forgesyte_plugin_tool"),
        registry=registry,
        buckets=DURATION_BOUNDS_S,
    )
    for plugin, tool in _label_sets():
        for value in _MEASUREMENTS:
            histogram.labels(plugin, tool).observe(value)
    return _paged(lambda: generate_latest(registry))


def _record(provider: MeterProvider) -> None:
    histogram = provider.get_meter("benchmark").create_histogram(
        "forgesyte.plugin.execution.duration",
        unit="s",
        description="Duration of one plugin execution.",
        explicit_bucket_boundaries_advisory=DURATION_BOUNDS_S,
    )
    for plugin, tool in _label_sets():
        labels = {"forgesyte.plugin.name": plugin, "forgesyte.plugin.tool": tool}
        for value in _MEASUREMENTS:
            histogram.record(value, labels)


def _label_sets() -> Iterator[tuple[str, str]]:
    return ((f"plugin-{number % 25}", f"tool-{number // 25}") for number in range(_LABEL_SETS))


def _paged(page: Callable[[], bytes]) -> Case:
    samples = sum(not line.startswith(b"#") for line in page().splitlines())
    if samples != _SERIES:
        raise RuntimeError(f"the page has {samples} series, not {_SERIES}")
    times: list[int] = []
    for _ in range(_PAGES):
        started = time.thread_time_ns()
        page()
        times.append(time.thread_time_ns() - started)
    return {"page_us": statistics.median(times) / 1_000}


def _empty_default_registry() -> None:
    from prometheus_client import GC_COLLECTOR, PLATFORM_COLLECTOR, PROCESS_COLLECTOR, REGISTRY

    for collector in (GC_COLLECTOR, PLATFORM_COLLECTOR, PROCESS_COLLECTOR):
        REGISTRY.unregister(collector)

"""The names that the registry promises for Prometheus are those that a scrape shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client import REGISTRY

from registry.generate import FOLDER
from registry.model import load
from registry.prometheus_names import label_name, sample_names, shown_name, unit_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.metrics import Meter

    from registry.model import Metric, Registry


@pytest.fixture
def registry() -> Registry:
    return load(FOLDER)


@pytest.fixture
def meter() -> Iterator[Meter]:
    provider = MeterProvider([PrometheusMetricReader()], shutdown_on_exit=False)
    yield provider.get_meter("otel_forgesyte")
    provider.shutdown()


def _measure(meter: Meter, metric: Metric, attributes: dict[str, str]) -> None:
    if metric.instrument == "histogram":
        meter.create_histogram(metric.name, metric.unit, metric.brief).record(1.0, attributes)
    elif metric.instrument == "counter":
        meter.create_counter(metric.name, metric.unit, metric.brief).add(1, attributes)
    else:
        meter.create_up_down_counter(metric.name, metric.unit, metric.brief).add(1, attributes)


def test_a_scrape_shows_the_promised_names_and_labels(registry: Registry, meter: Meter) -> None:
    for metric in registry.metrics:
        keys = [reference.key for reference in registry.resolve(metric)]
        _measure(meter, metric, dict.fromkeys(keys, "x"))
    families = [one for one in REGISTRY.collect() if one.name.startswith("forgesyte")]
    samples = [sample for family in families for sample in family.samples]
    promised = {name for metric in registry.metrics for name in sample_names(metric)}
    labels = {
        label_name(one.key) for metric in registry.metrics for one in registry.resolve(metric)
    }
    own = {"le", "otel_scope_name", "otel_scope_version", "otel_scope_schema_url"}
    assert {sample.name for sample in samples} <= promised
    assert {key for sample in samples for key in sample.labels} - own == labels
    assert len(families) == len(registry.metrics)


def test_the_name_to_query_is_one_that_the_scrape_shows(registry: Registry) -> None:
    assert {metric.name: shown_name(metric) for metric in registry.metrics} == {
        "forgesyte.dead_letters": "forgesyte_dead_letters",
        "forgesyte.device.fallbacks": "forgesyte_device_fallbacks_total",
        "forgesyte.drain.duration": "forgesyte_drain_duration_seconds",
        "forgesyte.job.active": "forgesyte_job_active",
        "forgesyte.job.duration": "forgesyte_job_duration_seconds",
        "forgesyte.job.oldest.age": "forgesyte_job_oldest_age_seconds",
        "forgesyte.job.queue.duration": "forgesyte_job_queue_duration_seconds",
        "forgesyte.metric.explosion": "forgesyte_metric_explosion",
        "forgesyte.overlay.frame.duration": "forgesyte_overlay_frame_duration_seconds",
        "forgesyte.overlay.frame.interval": "forgesyte_overlay_frame_interval_seconds",
        "forgesyte.overlay.frames.dropped": "forgesyte_overlay_frames_dropped_total",
        "forgesyte.overlay.render.duration": "forgesyte_overlay_render_duration_seconds",
        "forgesyte.plugin.execution.duration": "forgesyte_plugin_execution_duration_seconds",
        "forgesyte.records.accepted": "forgesyte_records_accepted_total",
        "forgesyte.records.dropped": "forgesyte_records_dropped_total",
        "forgesyte.spool.oldest.age": "forgesyte_spool_oldest_age_seconds",
        "forgesyte.spool.records": "forgesyte_spool_records",
        "forgesyte.spool.size": "forgesyte_spool_size_bytes",
    }


@pytest.mark.parametrize(
    ("unit", "words"),
    [
        ("s", "seconds"),
        ("By", "bytes"),
        ("1", ""),
        ("{job}", ""),
        ("{frame}/s", "per_second"),
        ("By/s", "bytes_per_second"),
        ("%", "percent"),
    ],
)
def test_a_unit_is_written_out_as_the_exporter_writes_it(
    unit: str, words: str, meter: Meter
) -> None:
    assert unit_words(unit) == words
    meter.create_gauge("forgesyte.probe", unit=unit).set(1)
    (family,) = [one for one in REGISTRY.collect() if one.name.startswith("forgesyte_probe")]
    assert family.name == f"forgesyte_probe_{words}".rstrip("_")

"""Rules about what a scrape makes of our names: two that differ there must not become one."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from registry.finding import Finding
from registry.prometheus_names import RESERVED_LABELS, label_name, sample_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registry.model import Metric, Registry


def check_metric_collisions(registry: Registry) -> Iterator[Finding]:
    """No two metrics take up the same name at `/metrics`.

    Metrics that are only pushed count too: an OpenTelemetry Collector can turn them into a scrape.
    """
    owners: dict[str, list[Metric]] = defaultdict(list)
    for metric in registry.metrics:
        for name in sample_names(metric):
            owners[name].append(metric)
    for name, metrics in owners.items():
        for metric in metrics[1:]:
            problem = f"is `{name}` in Prometheus, and so is {metrics[0].name}"
            yield Finding(metric.place, metric.name, problem, "rename one of the two")


def check_label_collisions(registry: Registry) -> Iterator[Finding]:
    """No two attributes become one label, and none a label that Prometheus sets itself."""
    keys = {attribute.key: attribute.place for attribute in registry.attributes}
    keys |= {reference.key: reference.place for reference in registry.upstream}
    owners: dict[str, str] = {}
    for key, place in keys.items():
        label = label_name(key)
        if label in RESERVED_LABELS:
            problem = f"is the label `{label}`, which Prometheus sets itself"
            yield Finding(place, key, problem, "rename the attribute")
        if label in owners:
            problem = f"is the label `{label}`, and so is {owners[label]}"
            yield Finding(place, key, problem, "rename one of the two")
        owners.setdefault(label, key)

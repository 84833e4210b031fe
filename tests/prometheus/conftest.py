"""A meter provider with our reader, and readers of what it says."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource
from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client.parser import text_string_to_metric_families

from otel_forgesyte_prometheus import Format, PrometheusReader
from otel_forgesyte_prometheus.group import Group
from otel_forgesyte_prometheus.sharing import Sharing

from .certificates import make_certificates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from opentelemetry.metrics import Meter
    from prometheus_client.core import Metric

    from .certificates import Certificates

    Share = Callable[..., "Metering"]


@dataclass
class Metering:
    """One reader and its provider."""

    reader: PrometheusReader
    provider: MeterProvider

    def meter(self, name: str = "shop", version: str | None = None) -> Meter:
        return self.provider.get_meter(name, version)

    def text(self) -> dict[str, Metric]:
        """The families of the text format by name; a name that is told twice fails."""
        page = self.reader.page().decode()
        families = list(text_string_to_metric_families(page))
        assert len(families) == len({family.name for family in families})
        assert page.count("# TYPE ") == len(families)
        return {family.name: family for family in families}

    def openmetrics(self) -> dict[str, Metric]:
        """The families of OpenMetrics, whose parser is strict about order, names and counts."""
        return openmetrics(self.reader.page(Format.OPENMETRICS).decode())

    def samples(self, family: str) -> dict[tuple[str, ...], float]:
        """Values of a family by the values of its labels, the same in both formats."""
        told = _by_labels(self.text()[family])
        assert _by_labels(self.openmetrics()[family]) == told
        return told


def openmetrics(page: str) -> dict[str, Metric]:
    """The families of an OpenMetrics page by name."""
    parse = cast(
        "Callable[[str], Iterable[Metric]]",
        openmetrics_parser.text_string_to_metric_families,  # pyright: ignore[reportUnknownMemberType]
    )
    return {family.name: family for family in parse(page)}


def _by_labels(family: Metric) -> dict[tuple[str, ...], float]:
    return {
        tuple(f"{name}={value}" for name, value in sorted(sample.labels.items())): sample.value
        for sample in family.samples
    }


@pytest.fixture
def make() -> Iterator[Callable[..., Metering]]:
    """Makes a `Metering`; ``views`` and the like go to the provider, the rest to the reader."""
    made: list[Metering] = []

    def _make(provider: dict[str, Any] | None = None, **options: Any) -> Metering:
        quiet: dict[str, Any] = {"scope_labels": False, "target_info": False}
        reader = PrometheusReader(**(quiet | options))
        of: dict[str, Any] = {"resource": Resource({"service.name": "till"}), **(provider or {})}
        metering = Metering(reader, MeterProvider(metric_readers=[reader], **of))
        made.append(metering)
        return metering

    yield _make
    for metering in made:
        metering.provider.shutdown()


@pytest.fixture
def metering(make: Callable[..., Metering]) -> Metering:
    """A provider without scope labels and target_info, so that a page holds what a test made."""
    return make()


@pytest.fixture
def share(make: Callable[..., Metering], tmp_path: Path) -> Share:
    """Makes a reader on the page of all that are made so, as a process of its own would be."""

    def _share(page: str = "shop@9464", **options: object) -> Metering:
        metering = make(**options)
        reader = metering.reader
        group = Group(tmp_path / page, reader.max_series, reader.notices)
        reader.sharing = Sharing(group, partial(reader.families, ""), reader.notices)
        return metering

    return _share


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A CA and what it signed; tests leave these files as they are."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(autouse=True)
def _no_inherited_door(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    for name in ("WEB_CONFIG_FILE", "TOKEN_FILE"):
        monkeypatch.delenv(f"OTEL_EXPORTER_PROMETHEUS_{name}", raising=False)

"""A target in a directory of its own, real exporters into it, and questions to its database."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from otel_forgesyte_duckdb import (
    DuckDBLogExporter,
    DuckDBMetricExporter,
    DuckDBSpanExporter,
    Settings,
    StoreStatus,
    drain,
    reading,
    store_status,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from opentelemetry.trace import Tracer

Exporter = DuckDBSpanExporter | DuckDBMetricExporter | DuckDBLogExporter
Made = TypeVar("Made", DuckDBSpanExporter, DuckDBMetricExporter, DuckDBLogExporter)
RESOURCE = Resource({"service.name": "shop", "service.instance.id": "shop-1"})


@dataclass
class Target:
    """One database and spool; exporters made here are shut down with the test."""

    path: Path
    overrides: dict[str, Any] = field(default_factory=dict[str, Any])
    made: list[Exporter] = field(default_factory=list[Exporter])

    @property
    def settings(self) -> Settings:
        return Settings.resolve(database=self.path, **self.overrides)

    @property
    def spool(self) -> Path:
        return self.settings.spool

    def spans(self, **more: Any) -> DuckDBSpanExporter:
        return self._kept(DuckDBSpanExporter(database=self.path, **(self.overrides | more)))

    def metrics(self, **more: Any) -> DuckDBMetricExporter:
        return self._kept(DuckDBMetricExporter(database=self.path, **(self.overrides | more)))

    def logs(self, **more: Any) -> DuckDBLogExporter:
        return self._kept(DuckDBLogExporter(database=self.path, **(self.overrides | more)))

    def tracer(self, exporter: DuckDBSpanExporter | None = None) -> Tracer:
        provider = TracerProvider(resource=RESOURCE, shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(exporter or self.spans()))
        return provider.get_tracer("tests", "1.2.3")

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with reading(self.path) as connection:
            return connection.execute(sql, list(values)).fetchall()

    def value(self, sql: str, *values: Any) -> Any:
        [[value]] = self.query(sql, *values)
        return value

    def drain(self) -> None:
        drain(self.settings)

    def status(self) -> StoreStatus:
        return store_status(self.settings)

    def segments(self, signal: str = "") -> list[str]:
        """Names of segments and of locks; a tally stays until the next drainer notes it."""
        found = (path for path in self.spool.glob(f"*{signal}-*.*") if path.is_file())
        return sorted(path.name for path in found if path.suffix != ".tally")

    def shutdown(self) -> None:
        for exporter in self.made:
            exporter.shutdown()

    def _kept(self, exporter: Made) -> Made:
        self.made.append(exporter)
        return exporter


@pytest.fixture(autouse=True)
def no_inherited_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("OTEL_"):
            monkeypatch.delenv(name)


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    """Drains by its own thread, as an application does by default."""
    target = Target(tmp_path / "telemetry.duckdb", {"flush_interval_s": 0.1})
    yield target
    target.shutdown()


@pytest.fixture
def undrained(tmp_path: Path) -> Iterator[Target]:
    """Nothing drains unless the test says so, and nothing is sealed by time."""
    target = Target(
        tmp_path / "telemetry.duckdb", {"drain": "external", "flush_interval_s": 3_600.0}
    )
    yield target
    target.shutdown()

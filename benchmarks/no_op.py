"""A destination that does nothing but count: no library is faster for dropping spans."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter


def counting_exporter() -> tuple[SpanExporter, Callable[[int], None]]:
    """An exporter, and a check that it was given so many spans (raises RuntimeError)."""
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

    counts: list[int] = []

    class Counting(SpanExporter):
        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            counts.append(len(spans))
            return SpanExportResult.SUCCESS

    def check(expected: int) -> None:
        if sum(counts) != expected:
            raise RuntimeError(f"{sum(counts)} spans came, not {expected}")

    return Counting(), check


def counting_processor() -> tuple[BatchSpanProcessor, Callable[[int], None]]:
    """The same behind the SDK's batch processor."""
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    exporter, check = counting_exporter()
    return BatchSpanProcessor(exporter), check

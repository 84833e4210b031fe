"""OpenTelemetry's own encodings of spans, without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import sizes
from benchmarks.spans import BATCH, batches
from benchmarks.sustained import BATCHES, sustained

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.sdk.trace import ReadableSpan

    from benchmarks.harness import Case

_LINES = "spans.jsonl"


def encoded() -> Case:
    """The bytes that an OTLP exporter would send."""
    from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

    sent = 0

    def export(spans: Sequence[ReadableSpan]) -> None:
        nonlocal sent
        sent += len(spans)
        encode_spans(spans).SerializeToString()

    figures = sustained(export, lambda: None)
    if sent != BATCH * (BATCHES + 1):
        raise RuntimeError(f"{sent} spans were encoded, not {BATCH * (BATCHES + 1)}")
    return figures | {"spans": float(sent)}


def write_json_lines() -> Case:
    """A file of OTLP JSON lines, in the run's folder for data."""
    from opentelemetry.exporter.otlp.json.file.trace_exporter import FileSpanExporter

    count = sizes.spans() // BATCH
    with (sizes.data() / _LINES).open("w", encoding="utf-8") as file:
        exporter = FileSpanExporter(stream=file)
        for batch in batches(count):
            exporter.export(batch)
        exporter.force_flush()
    return {"spans": float(count * BATCH)}


def json_lines() -> Case:
    """Its size."""
    count = sizes.spans() // BATCH * BATCH
    return {"bytes": (sizes.data() / _LINES).stat().st_size / count, "spans": float(count)}

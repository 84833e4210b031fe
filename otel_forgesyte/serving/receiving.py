"""A request of one signal on its way into the store: read, turned into lines, appended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from otel_forgesyte.serving.limits import BodyTooLarge, unfold
from otel_forgesyte.serving.otlp_logs import log_record, log_records
from otel_forgesyte.serving.otlp_messages import Encoding, read_request, write_answer
from otel_forgesyte.serving.otlp_metrics import metric_points, metric_record
from otel_forgesyte.serving.otlp_spans import span_record, spans
from otel_forgesyte.serving.otlp_values import OriginsByContent
from otel_forgesyte_duckdb.lines import EncodedBatch, LineEncoder, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from google.protobuf.message import Message

    from otel_forgesyte_duckdb.store import Store


# Two bytes of a body can be a record or an event, and a scope that is told once stands in each of
# its lines: so what a request becomes has a limit too. Each takes about 1 kB of memory on its way
# (200 kB of empty events took 109 MB), so this is 335,000 of them in a body of 20 MiB.
_MOST_TIMES = 16
_BYTES_EACH = 1_000
_INSIDE = ("events", "links", "exemplars")
_OWN_WORDS = "encode: ValueError: "  # what stands before a reason that was given here


class NotTaken(Exception):  # noqa: N818 - reads as the fact it states
    """The store takes nothing now; whoever sent it has it still and may come again."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One of the three: what it is called on either side, and how one becomes the other."""

    path: str
    name: str
    """As the spool names it."""
    request: Callable[[], Any]
    response: Callable[[], Any]
    rejected: str
    """The field of a partial success that counts what was rejected."""
    items: Callable[[Any, OriginsByContent], Iterable[Any]]
    record: Callable[[Any], Record]
    resource_keys: tuple[str, ...] = ()


SIGNALS = (
    Signal(
        "/v1/traces",
        "spans",
        ExportTraceServiceRequest,
        ExportTraceServiceResponse,
        "rejected_spans",
        spans,
        span_record,
    ),
    Signal(
        "/v1/metrics",
        "metric_points",
        ExportMetricsServiceRequest,
        ExportMetricsServiceResponse,
        "rejected_data_points",
        metric_points,
        metric_record,
        ("service.instance.id",),
    ),
    Signal(
        "/v1/logs",
        "logs",
        ExportLogsServiceRequest,
        ExportLogsServiceResponse,
        "rejected_log_records",
        log_records,
        log_record,
    ),
)


class Receiver:
    """Takes the requests of one signal. Safe from any thread."""

    def __init__(self, signal: Signal, store: Store, max_body_bytes: int) -> None:
        self._signal = signal
        self._store = store
        self._max_body_bytes = max_body_bytes
        self._encoder = LineEncoder()
        self._origins = OriginsByContent(self._encoder, *signal.resource_keys)

    def take(self, body: bytes, encoding: Encoding, *, is_folded: bool) -> bytes:
        """Return the answer to a request, once everything it counts as taken is in the spool.

        Raises:
            BodyTooLarge: it unfolds to more than allowed, or becomes more.
            BadBody: it cannot be read.
            NotTaken: the store takes nothing now, and why.
        """
        content = unfold(body, self._max_body_bytes) if is_folded else body
        request = read_request(content, encoding, self._signal.request)
        items = self._bounded(self._signal.items(request, self._origins))
        batch = self._encoder.encode(items, self._signal.record)
        if batch.lines:
            # All lines of a request in one write: taken whole or not at all.
            origins = {item[-1].resource_id: item[-1] for item in items}
            if reason := self._store.offer(self._signal.name, batch, origins.values()):
                raise NotTaken(reason)
        return write_answer(self._answer(batch), encoding)

    def _bounded(self, items: Iterable[Any]) -> list[Any]:
        room = _MOST_TIMES * self._max_body_bytes
        taken: list[Any] = []
        for item in items:
            inside = sum(len(getattr(item[-2], name, ())) for name in _INSIDE)
            room -= len(item[-1].ending) + _BYTES_EACH * (1 + inside)
            if room < 0:
                raise BodyTooLarge("the body holds too many records: send fewer at once")
            taken.append(item)
        return taken

    def _answer(self, batch: EncodedBatch) -> Message:
        """Return success, which has no content, or what of the request was rejected and why."""
        response = self._signal.response()
        if batch.dead:
            reasons = sorted({reason.removeprefix(_OWN_WORDS) for reason, _ in batch.dead})
            more = f" (and {len(reasons) - 3} more reasons)" if len(reasons) > 3 else ""  # noqa: PLR2004
            setattr(response.partial_success, self._signal.rejected, len(batch.dead))
            response.partial_success.error_message = "; ".join(reasons[:3]) + more
        return response

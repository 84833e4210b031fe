"""What happens to spans and log records on their way through the SDK, whoever made them."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, Protocol

from opentelemetry.context import get_current
from opentelemetry.sdk._logs import LogRecordProcessor
from opentelemetry.sdk.trace import SpanProcessor

from otel_forgesyte import telemetry
from otel_forgesyte.context import JOB_KEY, JobState
from otel_forgesyte.semconv import (
    FORGESYTE_JOB_ID,
    FORGESYTE_OPERATION_NAME,
    OperationNameValues,
)
from otel_forgesyte.setup.buffer import Buffer, count_overflow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opentelemetry.context import Context
    from opentelemetry.sdk._logs import ReadWriteLogRecord
    from opentelemetry.sdk.trace import ReadableSpan, Span

# Asking the property takes four calls into Python, for every span that starts.
_held: Callable[[ReadableSpan], dict[str, Any]] = attrgetter("_attributes._dict")
_JOB = OperationNameValues.JOB.value
_LIMIT = 65_536  # spans; about one second of work at a rate no pipeline of jobs reaches


class LifecycleExporter(Protocol):
    """The two extra deliveries that a span exporter into tables takes."""

    def export_started(self, spans: Sequence[ReadableSpan]) -> object:
        """Stores spans that have begun and not ended."""
        ...

    def export_unsampled(self, spans: Sequence[ReadableSpan]) -> object:
        """Stores ended spans that the sampler kept from every other exporter."""
        ...


class JobSpanProcessor(SpanProcessor):
    """Stamps the job id on every span below a job, and follows each job's own span.

    `on_start` remembers a job's span, so that the job is seen as running one flush interval
    later; a job that ended by then never needs that record. The domain spans that the sampler
    dropped are remembered at their end: their rows are complete whatever the ratio.

    Args:
        exporters: where started and unsampled spans go; none makes this a stamp only.
    """

    def __init__(self, exporters: Sequence[LifecycleExporter] = ()) -> None:
        self.exporters = tuple(exporters)
        self.overflowed = 0
        self._told = 0
        self._started: Buffer[ReadableSpan] = Buffer(_LIMIT)
        self._unsampled: Buffer[ReadableSpan] = Buffer(_LIMIT)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Stamps a foreign span; remembers a job's."""
        operation = _operation_of(span)
        if operation is None:
            context = get_current() if parent_context is None else parent_context
            state = context.get(JOB_KEY)
            if isinstance(state, JobState):
                span.set_attribute(FORGESYTE_JOB_ID, state.job_id)
        elif operation == _JOB and self.exporters:
            # A full buffer only delays the row until the job ends.
            self._started.append(span)

    def on_end(self, span: ReadableSpan) -> None:
        """Remembers a domain span that no exporter will see."""
        if (
            self.exporters
            and span.context is not None
            and not span.context.trace_flags.sampled
            and _operation_of(span) is not None
            and not self._unsampled.append(span)
        ):
            self.overflowed += 1

    def deliver(self) -> None:
        """Hands what was remembered to the exporters; called by the worker."""
        started = [span for span in self._started.take() if span.end_time is None]
        unsampled = self._unsampled.take()
        overflowed = self.overflowed
        count_overflow(self.exporters, overflowed - self._told)
        self._told = overflowed
        for exporter in self.exporters:
            if started:
                _hand(exporter.export_started, started)
            if unsampled:
                _hand(exporter.export_unsampled, unsampled)

    def close(self) -> None:
        """Remembers nothing any more; the exporters have ended."""
        self.exporters = ()
        self._started.clear()
        self._unsampled.clear()

    def forget(self) -> None:
        """Drops what was remembered: in a forked child it is the parent's."""
        self._started.clear()
        self._unsampled.clear()
        self.overflowed = self._told = 0


class JobLogProcessor(LogRecordProcessor):
    """Stamps the job id on every log record emitted below a job."""

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Adds `forgesyte.job.id` unless the record has one."""
        record = log_record.log_record
        state = (record.context or get_current()).get(JOB_KEY)
        if isinstance(state, JobState) and FORGESYTE_JOB_ID not in (record.attributes or ()):
            record.attributes = {**(record.attributes or {}), FORGESYTE_JOB_ID: state.job_id}

    def shutdown(self) -> None:
        """Nothing is held."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002 - SDK signature
        """Nothing is held."""
        return True


def _hand(export: Callable[[list[ReadableSpan]], object], spans: list[ReadableSpan]) -> None:
    try:
        export(spans)
    except Exception as error:  # noqa: BLE001 - one exporter's failure is not the next one's
        telemetry.failed("running jobs", error)


def _operation_of(span: ReadableSpan) -> object:
    try:
        return _held(span).get(FORGESYTE_OPERATION_NAME)
    except AttributeError:  # another SDK, or a span-like object
        attributes = span.attributes
        return None if attributes is None else attributes.get(FORGESYTE_OPERATION_NAME)

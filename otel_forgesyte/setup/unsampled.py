"""Spans that the user's sampler drops, and whose rows are wanted all the same.

The domain tables promise a row for every job whatever the sampling ratio. So where the SDK gives no
recording span, a domain operation gets one of ours: it notes what the projections need, and hands
itself over at its end. No processor of the host sees it, and what is started below it is dropped as
before, since its context carries no sampled flag.

Letting the SDK record such a span without the flag, as `SamplingProofSampler` does for whoever
names it as a sampler, costs the calling thread two and a half times as much: the SDK makes the
whole span with four locks, copies it at its end, and shows it to processors that turn it away.
"""

from __future__ import annotations

import logging
from time import time_ns
from typing import TYPE_CHECKING, Any

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.trace import ReadableSpan, Tracer
from opentelemetry.trace import NonRecordingSpan, Status, StatusCode, get_current_span

from otel_forgesyte.semconv import FORGESYTE_OPERATION_NAME, OperationNameValues

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opentelemetry.context import Context
    from opentelemetry.trace import Link, Span, SpanContext, SpanKind

    from otel_forgesyte.setup.processors import JobSpanProcessor
    from otel_forgesyte.telemetry import Emitters

_JOB = OperationNameValues.JOB.value
_PLAIN = frozenset({str, bool, int, float})
_logger = logging.getLogger(__name__)


class UnsampledSpan(ReadableSpan, NonRecordingSpan):
    """A span for projections alone: name, times, attributes and status.

    Who finds it as the current span can read it as one of the SDK's. Events and links are not kept:
    nothing that projections read is made of them.
    """

    _context: Any  # both bases have it, one of them optionally

    def __init__(  # noqa: PLR0913, PLR0917 - everything that a span begins with
        self,
        context: SpanContext,
        parent: SpanContext,
        name: str,
        attributes: dict[str, Any],
        start_time: int,
        keeper: UnsampledSpans,
    ) -> None:
        ReadableSpan.__init__(
            self,
            name,
            context,
            parent if parent.is_valid else None,
            keeper.tracer.resource,
            attributes,
            start_time=start_time,
            instrumentation_scope=keeper.scope,
        )
        self._own = context
        self._said = attributes
        self._keeper = keeper

    def get_span_context(self) -> SpanContext:
        """Its ids, and flags that say it is not sampled."""
        return self._own

    def is_recording(self) -> bool:
        """Until its end: what is set on it reaches its row."""
        return self.end_time is None

    def set_attribute(self, key: str, value: Any) -> None:
        """Note one attribute; as with the SDK's, changing a list afterwards changes nothing."""
        if self.end_time is not None:
            return
        if not (isinstance(key, str) and key):  # pyright: ignore[reportUnnecessaryIsInstance]
            _logger.warning("the key of an attribute must be a text, and not %r", key)
        elif type(value) in _PLAIN:
            self._said[key] = value
        else:  # the SDK's own way with everything else: it logs what cannot be an attribute
            self._said.update(BoundedAttributes(attributes={key: value}))

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Note several."""
        for key, value in attributes.items():
            self.set_attribute(key, value)

    def update_name(self, name: str) -> None:
        """Take another name."""
        if self.end_time is None:
            self._name = name

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """Take a status, by OpenTelemetry's rules: UNSET is ignored, and OK is final."""
        said = Status(status, description) if isinstance(status, StatusCode) else status
        if (
            self.end_time is None
            and isinstance(said, Status)  # pyright: ignore[reportUnnecessaryIsInstance]
            and not said.is_unset
            and self._status.status_code is not StatusCode.OK
        ):
            self._status = said

    def end(self, end_time: int | None = None) -> None:
        """End it, once."""
        if self.end_time is None:
            self._end_time = time_ns() if end_time is None else end_time
            self._keeper.jobs.take_unsampled(self)

    def readable(self) -> ReadableSpan:
        """What an exporter takes, its attributes within the limits; for a thread of ours."""
        limits = self._keeper.limits
        return ReadableSpan(
            name=self._name,
            context=self._context,
            parent=self._parent,
            resource=self._resource,
            attributes=BoundedAttributes(
                limits.max_span_attributes,
                self._said.copy(),
                max_value_len=limits.max_span_attribute_length,
            ),
            status=self._status,
            start_time=self._start_time,
            end_time=self._end_time,
            instrumentation_scope=self._instrumentation_scope,
        )


class UnsampledSpans:
    """Starts the spans of our own scope, those that its sampler drops among them.

    Args:
        tracer: the SDK's, whose decision stands.
        jobs: takes what the sampler dropped, as long as it has exporters that want it.
    """

    __slots__ = ("jobs", "limits", "scope", "tracer")

    def __init__(self, tracer: Tracer, jobs: JobSpanProcessor) -> None:
        self.tracer = tracer
        self.jobs = jobs
        # Private, but nothing public tells an SDK tracer's limits and scope. Read at set-up, where
        # an SDK without them is one line in the report.
        self.limits = tracer._span_limits  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        self.scope = tracer._instrumentation_scope  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]

    def start_span(  # noqa: PLR0913, PLR0917 - the API's signature
        self,
        name: str,
        context: Context,
        kind: SpanKind,
        attributes: Mapping[str, Any],
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
    ) -> Span:
        """The SDK's span, or one of ours where that would record nothing."""
        span = self.tracer.start_span(name, context, kind, attributes, links, start_time)
        if span.is_recording() or not self.jobs.exporters:
            return span
        own, parent = span.get_span_context(), get_current_span(context).get_span_context()
        if own.span_id == parent.span_id:  # no span at all: the tracer is switched off
            return span
        started = time_ns() if start_time is None else start_time
        kept = UnsampledSpan(own, parent, name, dict(attributes), started, self)
        if attributes[FORGESYTE_OPERATION_NAME] == _JOB:
            self.jobs.take_started(kept)
        return kept


def keep_unsampled(emitters: Emitters, jobs: JobSpanProcessor) -> None:
    """Hands what the sampler drops of our own scope to `jobs`; other scopes stay as they are."""
    tracer = emitters.tracer
    if isinstance(tracer, Tracer):  # a disabled SDK gives the API's own, which makes no spans
        emitters.start_span = UnsampledSpans(tracer, jobs).start_span

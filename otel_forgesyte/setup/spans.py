"""The spans of decorated calls: the SDK's, made with less.

Much of what a span costs is the SDK's checking of attributes, which were made here and are known
to be plain, and two lists for events and links, of which there are none. A span of ours does
without both until somebody else adds to it; its sampler, limits, ids, processors and all other
methods are the SDK's.

The domain tables promise a row for every job whatever the sampling ratio. So a span that the
sampler drops is made all the same where an exporter keeps rows, and goes to the projections alone:
no processor of the host sees it, and what is started below it is dropped as before, since its
context carries no sampled flag.
"""

# ruff: noqa: SLF001 - a span of the SDK, by fields of its own that `rehearsal` tries at set-up

from __future__ import annotations

import threading
from collections import deque
from time import time_ns
from typing import TYPE_CHECKING, Any

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.util import BoundedList
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    get_current_span,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opentelemetry import trace
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import SpanLimits, SpanProcessor, Tracer
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope

    from otel_forgesyte.setup.processors import JobSpanProcessor

    _List = BoundedList[Any]
    _Span = sdk.Span
else:
    _List = BoundedList
    _Span = getattr(sdk, "_Span", sdk.Span)  # what the SDK's tracer makes, and hosts look for

_PLAIN = frozenset({str, bool, int, float})
_TEXT = frozenset({str})
_UNSET = Status(StatusCode.UNSET)
_SAMPLED = TraceFlags.SAMPLED
_RANDOM = TraceFlags.RANDOM_TRACE_ID
_FLAGS = [TraceFlags(bits) for bits in range((_SAMPLED | _RANDOM) + 1)]


class _Later(_List):
    """The SDK's list for events and links; its queue and lock are made when they are asked for."""

    dropped = 0

    def __init__(self, maxlen: int | None) -> None:
        self._maxlen = maxlen

    def __getattr__(self, name: str) -> Any:
        if name == "_dq":
            return self.__dict__.setdefault(name, deque(maxlen=self._maxlen))
        if name == "_lock":
            return self.__dict__.setdefault(name, threading.Lock())
        raise AttributeError(name)


class OperationSpan(_Span):
    """A span of the SDK that takes plain attributes as they are."""

    _attributes: Any  # the SDK declares less than it holds
    _events: Any
    _links: Any
    _lock: Any

    def __init__(  # noqa: PLR0913, PLR0917 - everything that differs between two spans
        self,
        maker: OperationSpans,
        name: str,
        context: SpanContext,
        parent: SpanContext | None,
        kind: SpanKind,
        attributes: dict[str, Any],
        start_time: int,
        processor: SpanProcessor,
        record_end_metrics: Callable[[], None],
    ) -> None:
        tracer, limits = maker.tracer, maker.limits
        self._name = name
        self._context = context
        self._parent = parent
        self._kind = kind
        self._start_time = start_time
        self._end_time = None
        self._status = _UNSET
        self._attributes = _bounded(attributes, limits)
        self._events = _Later(limits.max_events)
        self._links = _Later(limits.max_links)
        self._limits = limits
        self._instrumentation_scope = maker.scope
        self._instrumentation_info = tracer.instrumentation_info
        self._resource = tracer.resource
        self._sampler = tracer.sampler
        self._span_processor = processor
        self._record_end_metrics = record_end_metrics
        self._trace_config = None
        self._record_exception = self._set_status_on_exception = True
        # Re-entrant: a signal handler that sets an attribute would wait for its own thread.
        self._lock = threading.RLock()

    def set_attribute(self, key: str, value: Any) -> None:
        """Note one attribute; what is not plain, or too much, as the SDK does."""
        bounded = self._attributes
        if type(value) in _PLAIN and type(key) is str and key and bounded.max_value_len is None:
            with self._lock:
                held, most = bounded._dict, bounded.maxlen
                if self._end_time is None and (most is None or key in held or len(held) < most):
                    held.pop(key, None)  # to the end: a full container drops the oldest
                    held[key] = value
                    return
        super().set_attribute(key, value)


def _bounded(given: dict[str, Any], limits: SpanLimits) -> BoundedAttributes:
    """The SDK's container for attributes that are its own from now on."""
    most, longest = limits.max_span_attributes, limits.max_span_attribute_length
    if (
        longest is None
        and (most is None or len(given) <= most)
        and _PLAIN.issuperset(map(type, given.values()))
        and _TEXT.issuperset(map(type, given))
        and "" not in given
    ):
        held = BoundedAttributes(most, immutable=False)
        held._dict = given  # pyright: ignore[reportPrivateUsage]
        return held
    return BoundedAttributes(most, given, immutable=False, max_value_len=longest)


class OperationSpans:
    """Starts the spans of our own scope as its tracer would.

    Args:
        tracer: the SDK's, whose sampler decides.
        jobs: takes what the sampler dropped, as long as it has exporters that want it.
    """

    __slots__ = ("_jobs", "limits", "scope", "tracer")

    def __init__(self, tracer: Tracer, jobs: JobSpanProcessor) -> None:
        self.tracer: Any = tracer  # some of its fields are private, some of its methods untyped
        self.limits: SpanLimits = self.tracer._span_limits
        self.scope: InstrumentationScope = self.tracer._instrumentation_scope
        self._jobs = jobs

    def start_span(
        self,
        name: str,
        context: Context,
        kind: SpanKind,
        attributes: Mapping[str, Any],
        *,
        start_time: int | None = None,
    ) -> trace.Span:
        """A span under way; one that records nothing where nobody wants it."""
        tracer = self.tracer
        above: Any = get_current_span(context).get_span_context()
        if not tracer._tracer_config.is_enabled:
            return NonRecordingSpan(above)
        ids = tracer.id_generator
        if above is not None and above.is_valid:
            parent, trace_id = above, above.trace_id
            random = above.trace_flags & _RANDOM
        else:
            parent, trace_id = None, ids.generate_trace_id()
            random = _RANDOM if ids.is_trace_id_random() else 0
        told: Any = tracer.sampler.should_sample(context, trace_id, name, kind, attributes, ())
        decision = told.decision
        flags = _FLAGS[random | (_SAMPLED if decision.is_sampled() else 0)]
        own = SpanContext(trace_id, ids.generate_span_id(), False, flags, told.trace_state)  # noqa: FBT003
        ended = tracer._tracer_metrics.start_span(parent, decision)
        processor: SpanProcessor
        if decision.is_recording():
            processor, attributes = tracer.span_processor, told.attributes or {}
        elif self._jobs.exporters:
            processor = self._jobs
        else:
            return NonRecordingSpan(own)
        started = time_ns() if start_time is None else start_time
        span = OperationSpan(
            self, name, own, parent, kind, dict(attributes), started, processor, ended
        )
        processor.on_start(span, parent_context=context)
        return span

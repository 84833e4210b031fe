"""The spans of decorated calls: the SDK's in all they do, at a third of its price.

Of the time that the SDK takes for a span, half goes into checking six attributes that were made
here and are known to be plain, and a good part of the rest into lists for events and links that no
decorator adds. A span of ours makes those when somebody asks for them, and is the SDK's otherwise:
its sampler, limits, ids, processors and methods.

The domain tables promise a row for every job whatever the sampling ratio. So a span that the
sampler drops is made all the same where an exporter keeps rows, and goes to the projections alone:
no processor of the host sees it, and what is started below it is dropped as before, since its
context carries no sampled flag.
"""

# ruff: noqa: SLF001 - a span of the SDK, by the fields of its own; `_rehearse` tries them at set-up

from __future__ import annotations

import threading
from importlib.metadata import version
from time import time_ns
from typing import TYPE_CHECKING, Any

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.context import Context
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.trace import Span, SynchronousMultiSpanProcessor, Tracer
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.sdk.util import BoundedList
from opentelemetry.trace import (
    INVALID_SPAN,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
)

from otel_forgesyte.context import SPAN_KEY
from otel_forgesyte.errors import ConfigError
from otel_forgesyte.setup.processors import JobSpanProcessor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from opentelemetry import trace
    from opentelemetry.sdk.trace import SpanLimits, SpanProcessor
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope

    from otel_forgesyte.telemetry import Emitters

_PLAIN = frozenset({str, bool, int, float})
_Lock: Any = type(threading.RLock())  # once more, as a signal handler may interrupt its own thread
_UNSET = Status(StatusCode.UNSET)
_SAMPLED = TraceFlags.SAMPLED
_RANDOM = TraceFlags.RANDOM_TRACE_ID
_FLAGS = [TraceFlags(bits) for bits in range((_SAMPLED | _RANDOM) + 1)]


class _NoneYet(BoundedList):  # type: ignore[type-arg]  # pyright: ignore[reportMissingTypeArgument]
    """The events and links of every span that has none; without a lock, which a fork might keep."""

    def __iter__(self) -> Iterator[Any]:
        return iter(())


_NONE_YET = _NoneYet(0)


class OperationSpan(Span):
    """A span of the SDK that checks no attribute twice, and has no list before it is used."""

    _attributes: Any  # the SDK declares less than it holds
    _events: Any
    _links: Any
    _lock: Any
    _new_events: Any

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
        # Every field of the SDK's span: `_rehearse` compares them at set-up.
        tracer = maker.tracer
        self._name = name
        self._context = context
        self._parent = parent
        self._kind = kind
        self._start_time = start_time
        self._end_time = None
        self._status = _UNSET
        self._attributes = maker.attributes(attributes)
        self._events = self._links = _NONE_YET
        self._limits = maker.limits
        self._instrumentation_scope = maker.scope
        self._instrumentation_info = tracer.instrumentation_info
        self._resource = tracer.resource
        self._sampler = tracer.sampler
        self._span_processor = processor
        self._record_end_metrics = record_end_metrics
        self._trace_config = None
        self._record_exception = self._set_status_on_exception = True
        self._lock = _Lock()

    def set_attribute(self, key: str, value: Any) -> None:
        """Note one attribute, as the SDK does."""
        held = self._attributes
        if (
            type(value) in _PLAIN
            and type(key) is str
            and key
            and held.max_value_len is None
            and (held.maxlen is None or len(held) < held.maxlen)
        ):
            with self._lock:
                if self._end_time is None:
                    held._dict[key] = value
                    return
        super().set_attribute(key, value)

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Note several."""
        for key, value in attributes.items():
            self.set_attribute(key, value)

    def add_event(
        self, name: str, attributes: Mapping[str, Any] | None = None, timestamp: int | None = None
    ) -> None:
        """Note an event, as the SDK does."""
        with self._lock:
            if self._events is _NONE_YET:
                self._events = self._new_events()
            super().add_event(name, attributes, timestamp)

    def add_link(self, context: SpanContext, attributes: Mapping[str, Any] | None = None) -> None:
        """Note a link, as the SDK does."""
        with self._lock:
            if self._links is _NONE_YET:
                self._links = self._new_links(())
            super().add_link(context, attributes)


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
        current: Any = context.get(SPAN_KEY, INVALID_SPAN)
        above: SpanContext = current.get_span_context()
        if not tracer._tracer_config.is_enabled:
            return NonRecordingSpan(above)
        ids = tracer.id_generator
        if above.is_valid:
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

    def attributes(self, given: dict[str, Any]) -> BoundedAttributes:
        """The SDK's container for these, which are its own from now on."""
        most, longest = self.limits.max_span_attributes, self.limits.max_span_attribute_length
        if (
            longest is None
            and (most is None or len(given) <= most)
            and _PLAIN.issuperset(map(type, given.values()))
        ):
            held = BoundedAttributes(most, immutable=False)
            held._dict = given  # pyright: ignore[reportPrivateUsage]
            return held
        return BoundedAttributes(most, given, immutable=False, max_value_len=longest)


def start_spans(emitters: Emitters, jobs: JobSpanProcessor) -> None:
    """Makes the spans of our own scope here; other scopes stay as they are.

    Raises:
        ConfigError: the SDK is of a version whose spans hold something else. Its own are used, and
            what its sampler drops has no rows.
    """
    tracer = emitters.tracer
    if isinstance(tracer, Tracer):  # a disabled SDK gives the API's own, which makes no spans
        try:
            _rehearse(tracer)
        except Exception as error:
            raise ConfigError(
                f"opentelemetry-sdk {version('opentelemetry-sdk')} is not known here ({error}): "
                "its own spans are used, and jobs that the sampler drops have no rows"
            ) from error
        emitters.start_span = OperationSpans(tracer, jobs).start_span


def _rehearse(tracer: Any) -> None:
    """A span's life that nobody sees; raises where the SDK's own holds other fields."""
    apart = Tracer(
        ALWAYS_ON,
        tracer.resource,
        SynchronousMultiSpanProcessor(),  # type: ignore[no-untyped-call]
        tracer.id_generator,
        tracer.instrumentation_info,
        tracer._span_limits,
        tracer._instrumentation_scope,
        meter_provider=NoOpMeterProvider(),
    )
    named: tuple[Any, ...] = ("rehearsal", Context(), SpanKind.INTERNAL, {"a": 1})
    theirs: Any = apart.start_span(*named)
    ours: Any = OperationSpans(apart, JobSpanProcessor()).start_span(*named)
    differing = _fields(theirs) ^ _fields(ours)
    differing |= _fields(theirs._attributes) ^ _fields(ours._attributes)
    if differing:
        raise TypeError(f"its spans differ in {', '.join(sorted(differing))}")
    ours.set_attributes({"b": "c", "d": [1]})
    ours.add_event("e")
    ours.add_link(theirs.get_span_context())
    ours.end()


def _fields(thing: object) -> set[str]:
    return set(vars(thing))

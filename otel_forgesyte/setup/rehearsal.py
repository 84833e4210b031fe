"""Who makes the spans of decorated calls, found out before any is made.

`spans` goes by private fields of the SDK, and by none of what others may have put in the place of
its methods. So both makes are tried beside each other first, and where anything differs the SDK
goes on to make them.
"""

# ruff: noqa: SLF001 - see above

from __future__ import annotations

from types import FunctionType
from typing import TYPE_CHECKING, Any

from opentelemetry.context import Context
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span, SpanLimits, SynchronousMultiSpanProcessor, Tracer
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.sdk.version import __version__ as sdk_version
from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context

from otel_forgesyte.setup.processors import JobSpanProcessor
from otel_forgesyte.setup.sampler import SamplingProofSampler
from otel_forgesyte.setup.spans import OperationSpans

if TYPE_CHECKING:
    from collections.abc import Callable

    from otel_forgesyte.telemetry import Emitters


def start_spans(emitters: Emitters, jobs: JobSpanProcessor) -> str | None:
    """Makes the spans of our own scope here; those of other scopes stay the SDK's.

    Where that could differ from what the tracer would do, the tracer goes on to make them, and its
    sampler is asked in a way that loses no row. The text returned then says why.
    """
    tracer = emitters.tracer
    if not isinstance(tracer, Tracer):  # a disabled SDK gives the API's own, which makes no spans
        return None
    reason = "its tracer was changed" if _is_changed(tracer) else _difference(tracer)
    if reason is None:
        emitters.start_span = OperationSpans(tracer, jobs).start_span
        return None
    if jobs.exporters and not isinstance(tracer.sampler, SamplingProofSampler):
        tracer.sampler = SamplingProofSampler(tracer.sampler)
    return f"opentelemetry-sdk {sdk_version} makes each in its own, slower way: {reason}"


def _is_changed(tracer: Tracer) -> bool:
    """Whether someone else's code stands where ours would go by: a subclass, a proxy, a patch."""
    if type(tracer) is not Tracer or "start_span" in vars(tracer):
        return True
    passed_by: tuple[Any, ...] = (Tracer.start_span, Span.__init__, Span.set_attribute)
    return any(
        type(function) is not FunctionType or function.__globals__ is not sdk.__dict__
        for function in passed_by
    )


def _difference(tracer: Any) -> str | None:
    """How spans made here differ from the SDK's after a life that nobody sees; None: in nothing."""

    def apart(sampler: Sampler) -> Tracer:
        return Tracer(
            sampler,
            Resource({}),
            SynchronousMultiSpanProcessor(),  # type: ignore[no-untyped-call]
            _Ids(),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
            tracer.instrumentation_info,
            SpanLimits(9, 9, 9, 9, 9, 9, SpanLimits.UNSET, SpanLimits.UNSET),
            InstrumentationScope("rehearsal"),
            meter_provider=NoOpMeterProvider(),
        )

    nobody: Any = object()
    try:
        theirs = _lives(apart(ALWAYS_ON).start_span)
        ours = _lives(OperationSpans(apart(ALWAYS_ON), JobSpanProcessor()).start_span)
        _lives(OperationSpans(apart(ALWAYS_OFF), JobSpanProcessor([nobody])).start_span)
    except Exception as error:  # noqa: BLE001 - whatever a newer SDK may raise
        return repr(error)
    return None if ours == theirs else ", ".join(sorted(set(ours) ^ set(theirs)))


def _lives(start_span: Callable[..., Any]) -> list[str]:
    """Everything that a span and one below it hold, after all was done to them that can be."""
    root = start_span("root", Context(), SpanKind.INTERNAL, {"a": 1}, start_time=1)
    below = set_span_in_context(root, Context())
    child = start_span("child", below, SpanKind.SERVER, {"a": [1]}, start_time=2)
    for span in (child, root):
        span.set_attribute("b", "c")
        span.set_attributes({"d": [1]})
        span.add_event("e", {"f": 1}, 3)
        span.add_link(root.get_span_context(), {"g": 1})
        span.set_status(Status(StatusCode.ERROR, "h"))
        span.end(4)
    told: list[str] = []
    for span in (child, root):
        fields: list[str] = [*vars(span), *vars(span._attributes)]
        told += [*sorted(fields), span.to_json(None)]
    return told


class _Ids:
    """For spans that nobody sees; the host's generator is not asked."""

    def generate_span_id(self) -> int:
        return 1

    def generate_trace_id(self) -> int:
        return 2

    def is_trace_id_random(self) -> bool:
        return True

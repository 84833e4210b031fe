"""Who makes the spans of decorated calls, found out before any is made.

`spans` goes by private fields of the SDK, and by none of what others may have put in the place of
its methods. So both makes are tried beside each other first, and where anything differs the SDK
goes on to make them.
"""

# ruff: noqa: SLF001 - see above

from __future__ import annotations

import json
import logging
from types import FunctionType
from typing import TYPE_CHECKING, Any

from opentelemetry import attributes
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.context import Context
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, SynchronousMultiSpanProcessor, Tracer
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.sdk.version import __version__ as sdk_version
from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context

from otel_forgesyte.setup.processors import JobSpanProcessor
from otel_forgesyte.setup.sampler import SamplingProofSampler
from otel_forgesyte.setup.spans import OperationSpan, OperationSpans

if TYPE_CHECKING:
    from collections.abc import Callable

    from otel_forgesyte.telemetry import Emitters

_logger = logging.getLogger(__name__)


def start_spans(emitters: Emitters, jobs: JobSpanProcessor) -> str | None:
    """Makes the spans of our own scope here; those of other scopes stay the SDK's.

    Where that could differ from what the tracer would do, the tracer goes on to make them, and its
    sampler is asked in a way that loses no row. The text returned then says why. What is put in
    the place of the SDK's methods after this goes unseen.
    """
    tracer = emitters.tracer
    if not isinstance(tracer, Tracer):  # a disabled SDK gives the API's own, which makes no spans
        return None
    reason = _changed(tracer) or _difference(tracer)
    if reason is None:
        emitters.start_span = OperationSpans(tracer, jobs).start_span
        return None
    if jobs.exporters and not isinstance(tracer.sampler, SamplingProofSampler):
        tracer.sampler = SamplingProofSampler(tracer.sampler)
    said = (
        f"opentelemetry-sdk {sdk_version} makes the spans of decorated calls itself, which costs "
        f"their callers more: {reason}"
    )
    _logger.info(said)
    return said


def _changed(tracer: Tracer) -> str | None:
    """Where someone else's code stands that ours would go by: a subclass, a proxy, a patch."""
    made: Any = getattr(sdk, "_Span", sdk.Span)
    methods: dict[str, Any] = {
        "Tracer.start_span": vars(tracer).get("start_span", Tracer.start_span),
        "Span.__init__": made.__init__,
        "Span.start": made.start,
        "Span.set_attribute": made.set_attribute,
        "BoundedAttributes.__init__": BoundedAttributes.__init__,
        "BoundedAttributes.__setitem__": BoundedAttributes.__setitem__,
    }
    replaced = {
        "Tracer": type(tracer) is not Tracer,
        "Span": made is not OperationSpan.__base__,
        **{name: _is_put(method) for name, method in methods.items()},
    }
    return next((f"{name} was replaced" for name, is_so in replaced.items() if is_so), None)


def _is_put(function: Any) -> bool:
    """Whether it was written elsewhere than where its class was."""
    homes = (sdk.__dict__, attributes.__dict__)
    return type(function) is not FunctionType or not any(
        function.__globals__ is home for home in homes
    )


def _difference(tracer: Any) -> str | None:
    """In what spans made here differ from the SDK's after a life apart; None: in nothing."""

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
    names = sorted(
        {
            name
            for pair in zip(ours, theirs, strict=True)
            for name in pair[0].keys() | pair[1].keys()
            if pair[0].get(name) != pair[1].get(name)
        }
    )
    return f"its spans differ in {', '.join(names)}" if names else None


def _lives(start_span: Callable[..., Any]) -> list[dict[str, Any]]:
    """What a span and one below it hold, after all was done to them that can be, by name."""
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
    return [_told(span) for span in (child, root)]


def _told(span: Any) -> dict[str, Any]:
    fields: list[str] = [*vars(span), *vars(span._attributes)]
    more = ("context", "parent", "instrumentation_scope")
    said: dict[str, Any] = json.loads(span.to_json())
    return dict.fromkeys(fields, "held") | said | {name: repr(getattr(span, name)) for name in more}


class _Ids:
    """For spans that nobody sees; the host's generator is not asked."""

    def generate_span_id(self) -> int:
        return 1

    def generate_trace_id(self) -> int:
        return 2

    def is_trace_id_random(self) -> bool:
        return True

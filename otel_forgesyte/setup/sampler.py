"""Sampling that thins out traces and never loses a job.

The four domain tables promise a row for every job whatever the sampling ratio. `configure()` sees
to it for whichever sampler the user chose (`setup.spans`). This is the sampler for who names it: a
domain span that its delegate drops is still *recorded*, without the sampled flag, so no exporter
sees it, its children are dropped, and our span processor hands it to the projections alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.trace.sampling import (
    DEFAULT_ON,
    Decision,
    ParentBasedTraceIdRatio,
    Sampler,
    SamplingResult,
)

from otel_forgesyte.errors import ConfigError
from otel_forgesyte.semconv import FORGESYTE_OPERATION_NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.context import Context
    from opentelemetry.trace import Link, SpanKind
    from opentelemetry.trace.span import TraceState
    from opentelemetry.util.types import Attributes


class SamplingProofSampler(Sampler):
    """`delegate`'s decision, except that a dropped domain span is still recorded.

    Registered as `otel_forgesyte` for `OTEL_TRACES_SAMPLER` and for a declarative configuration;
    there `OTEL_TRACES_SAMPLER_ARG` may give a ratio.

    Args:
        delegate: the sampler that decides, or a ratio from 0 to 1, or its text; nothing given
            samples everything a sampled parent allows.

    Raises:
        ConfigError: a ratio that is not a number from 0 to 1.
    """

    def __init__(self, delegate: Sampler | float | str | None = None) -> None:
        given: Any = delegate  # a sampler is what samples, whatever it derives from
        self._delegate: Sampler = given if hasattr(given, "should_sample") else _from_ratio(given)

    def should_sample(  # noqa: PLR0913, PLR0917 - the specification's signature
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """The delegate's result, with DROP turned into RECORD_ONLY for a domain span."""
        # The SDK gives no trace state, and not every sampler takes one.
        more = () if trace_state is None else (trace_state,)
        result = self._delegate.should_sample(
            parent_context, trace_id, name, kind, attributes, links, *more
        )
        if (
            result.decision is Decision.DROP
            and attributes is not None
            and FORGESYTE_OPERATION_NAME in attributes
        ):
            return SamplingResult(Decision.RECORD_ONLY, attributes, result.trace_state)
        return result

    def get_description(self) -> str:
        """Names the delegate, as samplers that wrap another do."""
        return f"SamplingProof{{{self._delegate.get_description()}}}"


def _from_ratio(ratio: float | str | None) -> Sampler:
    if ratio is None or ratio == "":
        return DEFAULT_ON
    try:
        return ParentBasedTraceIdRatio(float(ratio))
    except ValueError:
        raise ConfigError(
            f"OTEL_TRACES_SAMPLER_ARG is {ratio!r}: the otel_forgesyte sampler takes a ratio "
            "from 0 to 1"
        ) from None

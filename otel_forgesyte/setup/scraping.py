"""What the metrics page knows of the domain: the job behind an exemplar, what exploded there."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from opentelemetry.metrics import Observation

from otel_forgesyte.context import JOB_KEY, SPAN_KEY, JobState
from otel_forgesyte.semconv import (
    FORGESYTE_METRIC_ATTRIBUTE,
    FORGESYTE_METRIC_NAME,
    METRIC_FORGESYTE_METRIC_EXPLOSION,
    SCOPE_NAME,
)

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.metrics import CallbackOptions, MeterProvider

    from otel_forgesyte_prometheus import PrometheusReader

# Spans, twice over. An exemplar is at most as old as the last scrape: a minute, at 270 jobs and
# plugins a second. Beyond that rate the oldest exemplars lead to their trace without the job's id.
_LIMIT = 8_192
# As the column is called in the database, which is where a click on the exemplar goes.
_LABEL = "job_id"


class JobsOfSpans:
    """Job ids by span, for as long as an exemplar may need them: `/metrics` has no such label.

    The SDK's exemplars carry what a view took off the labels, and a host's provider cannot be given
    a view. They do carry the span. Two generations of a dict: forgetting the older one costs
    nothing, where a queue would be touched for each span.
    """

    def __init__(self) -> None:
        self._new: dict[int, str] = {}
        self._old: dict[int, str] = {}

    def note(self, context: Context) -> None:
        """Remember the job of the span in a measurement's context, if it has both."""
        job, span = context.get(JOB_KEY), context.get(SPAN_KEY)
        if not isinstance(job, JobState) or span is None:
            return
        if len(self._new) >= _LIMIT:
            self._old, self._new = self._new, {}
        where: Any = span
        self._new[where.get_span_context().span_id] = job.job_id

    def labels(self, trace_id: int, span_id: int) -> tuple[tuple[str, str], ...]:
        """The label for an exemplar made in that span; none where its job is not known."""
        del trace_id  # a trace may hold many jobs
        job_id = self._new.get(span_id) or self._old.get(span_id)
        return () if job_id is None else ((_LABEL, job_id),)


_readers: weakref.WeakSet[PrometheusReader] = weakref.WeakSet()
_told: weakref.WeakSet[MeterProvider] = weakref.WeakSet()


def tell_explosions(provider: MeterProvider, reader: PrometheusReader) -> None:
    """Emit what exploded on the reader's page through a provider, once however often asked."""
    _readers.add(reader)
    if provider not in _told:
        _told.add(provider)
        made = METRIC_FORGESYTE_METRIC_EXPLOSION
        meter = provider.get_meter(SCOPE_NAME)
        meter.create_observable_gauge(made.name, [_exploded], made.unit, made.description)


def _exploded(options: CallbackOptions) -> list[Observation]:
    del options  # nothing here waits for anything
    return [
        Observation(
            each.values,
            {FORGESYTE_METRIC_NAME: each.metric, FORGESYTE_METRIC_ATTRIBUTE: each.attribute},
        )
        for reader in tuple(_readers)
        for each in reader.explosions
    ]

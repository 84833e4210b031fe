"""What `configure()` returns: flush it, shut it down, ask it how things stand."""

from __future__ import annotations

import atexit
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opentelemetry._logs import NoOpLoggerProvider
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.trace import NoOpTracerProvider

from otel_forgesyte import overlays, telemetry

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from otel_forgesyte.setup.frames import FrameStream
    from otel_forgesyte.setup.processors import JobSpanProcessor
    from otel_forgesyte.setup.providers import Pipeline
    from otel_forgesyte.setup.report import Part
    from otel_forgesyte.setup.worker import Worker
    from otel_forgesyte_prometheus import PrometheusReader, Server

_EXIT_MILLIS = 5_000  # an application's exit waits no longer for its telemetry


@dataclass(frozen=True, slots=True)
class Status:
    """How the set-up stands; see `otel-forgesyte status` for what is stored.

    Attributes:
        parts: each part of the set-up, whether it works, and why not.
        prometheus_url: where `/metrics` is served, if it is.
        failures: decorator failures that the host did not see, counted by place.
        overflowed: records that found a hand-over buffer full, counted by buffer.
    """

    parts: tuple[Part, ...]
    prometheus_url: str | None
    failures: dict[str, int]
    overflowed: dict[str, int]

    @property
    def works(self) -> bool:
        """Whether every part was set up."""
        return all(part.works for part in self.parts)


@dataclass
class Machinery:
    """The running parts."""

    pipelines: tuple[Pipeline, Pipeline, Pipeline]  # traces, metrics, logs
    jobs: JobSpanProcessor
    frames: FrameStream
    worker: Worker
    prometheus: PrometheusReader | None
    server: Server | None

    @property
    def targets(self) -> tuple[Any, ...]:
        """Providers, or processors and readers, of ours."""
        return tuple(target for pipeline in self.pipelines for target in pipeline.ours)

    @property
    def side_exporters(self) -> tuple[Any, ...]:
        """Exporters of ours that no processor or reader owns."""
        return (*self.jobs.exporters, *self.frames.exporters)


class Telemetry:
    """A running set-up. Thread-safe; every method may be called again after `shutdown()`.

    Leaving it as a context manager shuts it down. So does the end of the process, within 5 s.
    """

    def __init__(
        self, parts: tuple[Part, ...], machinery: Machinery | None, overrides: dict[str, Any]
    ) -> None:
        self.overrides = overrides
        self._parts = parts
        self._machinery = machinery
        self._is_shut_down = False
        if machinery is not None:
            # Registered after the providers exist, so it runs before anything of theirs does.
            atexit.register(self._at_exit)

    @property
    def is_shut_down(self) -> bool:
        """Whether `shutdown()` was called."""
        return self._is_shut_down

    @property
    def prometheus_reader(self) -> PrometheusReader | None:
        """The reader behind `/metrics`, for `make_asgi_app` and `make_wsgi_app`."""
        return None if self._machinery is None else self._machinery.prometheus

    def force_flush(self, timeout_millis: float = 30_000) -> bool:
        """Delivers everything recorded so far; with DuckDB, it is in the database on return.

        Args:
            timeout_millis: how long to try.

        Returns:
            Whether all of it was delivered in time.
        """
        if self._machinery is None or self._is_shut_down:
            return self._machinery is None
        return _deliver(self._machinery, timeout_millis)

    def shutdown(self, timeout_millis: float = 30_000) -> bool:
        """Delivers what is left and ends every thread and server of ours.

        Decorated functions go on running afterwards, unrecorded but by providers of the host.

        Args:
            timeout_millis: how long to try; what is not in the database by then is in the spool.

        Returns:
            Whether everything was delivered in time; True when it was shut down before.
        """
        if self._is_shut_down or self._machinery is None:
            return True
        self._is_shut_down = True
        atexit.unregister(self._at_exit)
        machinery = self._machinery
        # From here on nothing is handed over any more, so the delivery below is the last.
        overlays.send_frames_to(None)
        telemetry.defer_measurements_to(None)
        machinery.worker.stop()
        flushed = _deliver(machinery, timeout_millis)
        if machinery.server is not None:
            machinery.server.shutdown()
        for target in (*machinery.targets, *machinery.side_exporters):
            # One part that fails to close must not keep the next open.
            with suppress(Exception):
                target.shutdown()
        trace, metric, log = machinery.pipelines
        telemetry.use_providers(
            NoOpTracerProvider() if trace.owned else trace.provider,
            NoOpMeterProvider() if metric.owned else metric.provider,
            NoOpLoggerProvider() if log.owned else log.provider,
        )
        return flushed

    def status(self) -> Status:
        """How every part stands now."""
        machinery = self._machinery
        if machinery is None:
            return Status(self._parts, None, telemetry.failures(), {})
        return Status(
            self._parts,
            None if machinery.server is None else machinery.server.url,
            telemetry.failures(),
            {"frames": machinery.frames.overflowed, "spans": machinery.jobs.overflowed},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.shutdown()

    def _at_exit(self) -> None:
        self.shutdown(_EXIT_MILLIS)


def _deliver(machinery: Machinery, timeout_millis: float) -> bool:
    deadline = time.monotonic() + timeout_millis / 1_000
    machinery.worker.flush()
    # The SDK's processors never flush their exporter, and ours stores what it was given.
    exporters = [exporter for pipeline in machinery.pipelines for exporter in pipeline.exporters]
    targets = (*machinery.targets, *exporters, *machinery.side_exporters)
    # A list: every one is flushed, also behind one that was not.
    return all([_flush(target, deadline) for target in targets])  # noqa: C419


def _flush(target: Any, deadline: float) -> bool:
    """Whether `target` flushed in time; the SDK's meter provider raises where others say False."""
    remaining_millis = (deadline - time.monotonic()) * 1_000
    if remaining_millis <= 0:
        return False
    try:
        return target.force_flush(timeout_millis=int(remaining_millis)) is not False
    except Exception:  # noqa: BLE001 - reported as not flushed
        return False

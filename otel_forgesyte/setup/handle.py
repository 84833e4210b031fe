"""What `configure()` returns: flush it, shut it down, ask it how things stand."""

from __future__ import annotations

import atexit
import os
import threading
import time
from dataclasses import dataclass
from multiprocessing import parent_process, util
from typing import TYPE_CHECKING, Any

from opentelemetry._logs import NoOpLoggerProvider
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.trace import NoOpTracerProvider

from otel_forgesyte import overlays, telemetry
from otel_forgesyte.setup import providers

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self

    from otel_forgesyte.setup.frames import FrameStream
    from otel_forgesyte.setup.processors import JobSpanProcessor
    from otel_forgesyte.setup.providers import Pipeline
    from otel_forgesyte.setup.report import Part
    from otel_forgesyte.setup.worker import Worker
    from otel_forgesyte_duckdb.reporting import Reporting
    from otel_forgesyte_prometheus import PrometheusReader, Together

# One set-up begins or ends at a time: a shutdown in progress must not undo what follows it.
lifecycle = threading.RLock()

_EXIT_MILLIS = 5_000  # an application's exit waits no longer for its telemetry


@dataclass(frozen=True, slots=True)
class Status:
    """How the set-up stands; see `otel-forgesyte status` for what is stored.

    Attributes:
        parts: each part of the set-up, whether it works, and why not.
        prometheus_url: where this process serves `/metrics`, if it does.
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
    server: Together | None
    reporting: Reporting | None

    @property
    def side_exporters(self) -> tuple[Any, ...]:
        """Exporters of ours that no processor or reader owns."""
        return (*self.jobs.exporters, *self.frames.exporters)

    @property
    def targets(self) -> tuple[Any, ...]:
        """Everything to flush, in order: this machine's storage before anything on a network."""
        components = [one for pipeline in self.pipelines for one in pipeline.added]
        local = [one for one in components if one.is_local]
        remote = [one for one in components if not one.is_local]
        # A provider that a file has filled holds processors that are not among our components.
        filled = [pipeline.provider for pipeline in self.pipelines if pipeline.owned]
        # The SDK's processors never flush their exporter, and ours stores what it was given.
        return (
            *(one.part for one in local),
            *(one.exporter for one in local if one.exporter is not None),
            *self.side_exporters,
            *(one.part for one in remote),
            *filled,
        )


class Telemetry:
    """A running set-up. Thread-safe; every method may be called again after `shutdown()`.

    Leaving it as a context manager shuts it down; entered several times, the last exit does. The
    end of the process shuts it down too, within 5 s.
    """

    def __init__(
        self, parts: tuple[Part, ...], machinery: Machinery | None, overrides: dict[str, Any]
    ) -> None:
        self.overrides = overrides
        self._parts = parts
        self._machinery = machinery
        self._is_shut_down = False
        self._flushed = True
        self._entered = 0
        if machinery is not None:
            # Registered after the providers exist, so it runs before anything of theirs does.
            atexit.register(self._at_exit)
            # Children of `multiprocessing` end without running what `atexit` holds.
            util.register_after_fork(self, Telemetry._flush_when_the_child_ends)
            if parent_process() is not None:
                self._flush_when_the_child_ends()

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
            timeout_millis: how long to wait; what is under way then goes on without the caller.

        Returns:
            Whether all of it was delivered in time.
        """
        machinery = self._machinery
        if machinery is None or self._is_shut_down:
            return machinery is None
        deadline = time.monotonic() + timeout_millis / 1_000
        return machinery.worker.run(lambda: _deliver(machinery, deadline), timeout_millis / 1_000)

    def shutdown(self, timeout_millis: float = 30_000) -> bool:
        """Delivers what is left and ends every thread and server of ours.

        Decorated functions go on running afterwards, unrecorded but by providers of the host.

        Args:
            timeout_millis: how long to wait; what is not in the database by then is in the spool.

        Returns:
            Whether everything was delivered in time; the same again when it was shut down before.
        """
        with lifecycle:
            if not self._is_shut_down and self._machinery is not None:
                self._flushed = self._shut_down(self._machinery, timeout_millis / 1_000)
            return self._flushed

    def _shut_down(self, machinery: Machinery, timeout_s: float) -> bool:
        self._is_shut_down = True
        atexit.unregister(self._at_exit)
        # From here on nothing is handed over any more, so the delivery below is the last.
        overlays.send_frames_to(None)
        telemetry.defer_measurements_to(None)
        trace, metric, log = machinery.pipelines
        telemetry.use_providers(
            NoOpTracerProvider() if trace.owned else trace.provider,
            NoOpMeterProvider() if metric.owned else metric.provider,
            NoOpLoggerProvider() if log.owned else log.provider,
        )
        deadline = time.monotonic() + timeout_s

        def finish() -> bool:
            flushed = _deliver(machinery, deadline)
            for exporter in machinery.side_exporters:
                _quietly(exporter.shutdown)
            machinery.jobs.close()  # in a host's provider it goes on to be asked
            for pipeline in machinery.pipelines:
                close(pipeline)
            if machinery.reporting is not None:  # last, so that the last points have its numbers
                machinery.reporting.close()
            return flushed

        flushed = machinery.worker.run(finish, timeout_s)
        machinery.worker.stop()
        if machinery.server is not None:
            machinery.server.shutdown()
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
        self._entered += 1
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._entered -= 1
        if self._entered == 0:
            self.shutdown()

    def _at_exit(self) -> None:
        self.shutdown(_EXIT_MILLIS)

    def _flush_when_the_child_ends(self) -> None:
        util.Finalize(self, self.force_flush, args=(_EXIT_MILLIS,), exitpriority=0)


def close(pipeline: Pipeline) -> None:
    """Shuts down what is ours of a pipeline: what stores on this machine first."""
    for component in sorted(pipeline.added, key=lambda component: not component.is_local):
        _quietly(component.part.shutdown)
    if pipeline.owned:
        providers.retire(pipeline.provider)
        _quietly(pipeline.provider.shutdown)


def _quietly(step: Callable[[], object]) -> None:
    """Does `step`; one part that fails to close must not keep the next open, and is counted."""
    try:
        step()
    except Exception as error:  # noqa: BLE001 - whatever an exporter of anybody's raises
        telemetry.failed("shutdown", error)


def _deliver(machinery: Machinery, deadline: float) -> bool:
    machinery.worker.deliver()
    # A list: every one is flushed, also behind one that was not.
    return all([_flush(target, deadline) for target in machinery.targets])  # noqa: C419


def _flush(target: Any, deadline: float) -> bool:
    """Whether `target` flushed in time; the SDK's meter provider raises where others say False."""
    remaining_millis = (deadline - time.monotonic()) * 1_000
    if remaining_millis <= 0:
        return False
    try:
        return target.force_flush(timeout_millis=int(remaining_millis)) is not False
    except Exception as error:  # noqa: BLE001 - reported as not flushed, and counted
        telemetry.failed("flush", error)
        return False


def _renew_lifecycle() -> None:
    global lifecycle  # noqa: PLW0603 - another thread of the parent may have held it
    lifecycle = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lifecycle)

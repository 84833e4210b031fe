"""Measurements made on the host's threads and recorded on ours.

A histogram record with two readers costs the calling thread 7 to 14 µs, the largest part of a
decorated call after its span; an append costs a tenth of one. Nothing is late where it is looked
at: the worker empties the buffer twice a second, and so does every collection, whoever's reader
collects, through the callback of the domain's observable instrument.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from otel_forgesyte import telemetry
from otel_forgesyte.setup.buffer import Buffer

if TYPE_CHECKING:
    from otel_forgesyte.setup.scraping import JobsOfSpans
    from otel_forgesyte.telemetry import Measurement

_LIMIT = 65_536  # measurements; a full buffer makes the calling thread record by itself


class MeasurementBuffer:
    """Takes measurements in one append each and records them from the worker.

    Args:
        jobs: told of each measurement's span and job, where a metrics page has exemplars.
    """

    def __init__(self, jobs: JobsOfSpans | None = None) -> None:
        self._jobs = jobs
        self._measurements: Buffer[Measurement] = Buffer(_LIMIT)
        self._recording = threading.Lock()
        self.append = self._measurements.append

    def deliver(self) -> None:
        """Records everything taken so far; several threads may ask at once."""
        with self._recording:
            for measurement in self._measurements.take():
                if self._jobs is not None:
                    self._jobs.note(measurement[-1])
                telemetry.replay(measurement)

    def forget(self) -> None:
        """Drops what was taken: in a forked child it is the parent's."""
        self._recording = threading.Lock()
        self._measurements.clear()

"""What a run of the demo left behind, read back from the database it wrote."""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otel_forgesyte.reading import JobDetail


@dataclass(frozen=True, slots=True)
class DemoReport:
    """One run of the demo.

    Attributes:
        database: the file it was recorded in.
        seconds: how long the jobs, the scrape and the flush took.
        jobs: each job of this run as the database has it, in the order of submission; empty where
            the configuration sends jobs elsewhere.
        scrape_url: where `/metrics` was served while it ran, None where it was not.
        metric_families: names of the families that the page carried, as Prometheus spells them.
    """

    database: str
    seconds: float
    jobs: tuple[JobDetail, ...]
    scrape_url: str | None
    metric_families: tuple[str, ...]

    @property
    def rows(self) -> Mapping[str, int]:
        """Rows that this run put into each table."""
        return {
            "job_metrics": len(self.jobs),
            "plugin_metrics": sum(len(job.plugins) for job in self.jobs),
            "overlay_metrics": sum(len(job.frames) for job in self.jobs),
            "device_usage": sum(len(job.devices) for job in self.jobs),
        }

    @property
    def statuses(self) -> Mapping[str, int]:
        """How many jobs ended in which status."""
        return Counter(job.status for job in self.jobs)

    @property
    def errors(self) -> tuple[str, ...]:
        """What the jobs that failed said, without repetition."""
        return tuple(dict.fromkeys(job.error_message for job in self.jobs if job.error_message))

    @property
    def fallback_reasons(self) -> tuple[str, ...]:
        """Why a device other than the one asked for was used, without repetition."""
        devices = (device for job in self.jobs for device in job.devices if device.fallback)
        return tuple(dict.fromkeys(device.reason for device in devices if device.reason))

    @property
    def next_commands(self) -> tuple[str, ...]:
        """Commands to try on this database."""
        given = f"--database {shlex.quote(self.database)}"
        asked = ["jobs --failed", "plugins", "devices"]
        failed = next((job.job_id for job in self.jobs if job.status == "error"), None)
        drawn = next((job.job_id for job in self.jobs if job.frames), None)
        asked += [f"job {failed}"] if failed else []
        asked += [f"overlay {drawn}"] if drawn else []
        return tuple(f"otel-forgesyte {command} {given}" for command in asked)

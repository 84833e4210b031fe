"""The dashboards: each subject once over Prometheus and once over the database."""

from __future__ import annotations

from otel_forgesyte.monitoring.boards import (
    devices,
    health,
    jobs,
    overlays,
    pipeline,
    plugins,
    service,
)

__all__ = ["DASHBOARDS"]

_SUBJECTS = (jobs, plugins, devices, overlays, service, pipeline, health)
DASHBOARDS = tuple(
    dashboard for subject in _SUBJECTS for dashboard in (subject.PROMETHEUS, subject.DUCKDB)
)
"""All of them, in the order in which a newcomer reads."""

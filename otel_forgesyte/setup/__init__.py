"""Set-up: the SDK, its exporters and what they need, from settings and nothing else."""

from __future__ import annotations

from otel_forgesyte.setup.configuring import configure

__all__ = ["configure"]

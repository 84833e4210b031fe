"""A real pipeline over real pictures, observed: `otel-forgesyte demo`."""

from __future__ import annotations

from otel_forgesyte.demo.report import DemoReport
from otel_forgesyte.demo.run import DemoUnavailable, run_demo

__all__ = ["DemoReport", "DemoUnavailable", "run_demo"]

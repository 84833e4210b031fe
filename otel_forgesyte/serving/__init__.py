"""What `otel-forgesyte serve` runs: one drainer, and the parts that take in or hand out."""

from __future__ import annotations

from otel_forgesyte.serving.access import Access
from otel_forgesyte.serving.composition import Part, serve
from otel_forgesyte.serving.limits import Limits

__all__ = ["Access", "Limits", "Part", "serve"]

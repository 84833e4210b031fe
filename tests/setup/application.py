"""An application as its author writes it: decorated functions, and one job of each outcome.

Run as a program with `--configure` it calls `configure()`; without, somebody else has.
"""

from __future__ import annotations

import logging
import sys
from contextlib import suppress

from opentelemetry import trace

from otel_forgesyte import (
    configure,
    constant,
    device_fallback,
    frame,
    job,
    plugin,
    report_device,
)

logging.basicConfig()


@device_fallback("gpu", "cpu")
def detect(*, device: str = "gpu") -> str:
    if device == "gpu":
        raise OSError("no CUDA device")
    return device


@plugin(tool=constant("faces"))
def faces(image: str) -> dict[str, object]:
    detect()
    with trace.get_tracer("a third party").start_as_current_span("query"):
        return {"boxes": [], "image": image}


@plugin
def soft(image: str) -> dict[str, object]:
    return {"success": False, "error": f"cannot read {image}"}


@job
def good(job_id: str) -> None:
    faces(f"photograph of {job_id}")
    for index in range(3):
        with frame(index, fps=25.0):
            pass


@job
def bad(job_id: str) -> None:
    report_device("cpu", "cpu")
    soft(f"photograph of {job_id}")
    raise ValueError("the image is corrupt")


def main() -> None:
    if "--configure" in sys.argv:
        configure()
    good("job-good")
    with suppress(ValueError):
        bad("job-bad")


if __name__ == "__main__":
    main()

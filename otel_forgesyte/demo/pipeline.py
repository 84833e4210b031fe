"""A vision server's jobs and plugins, observed.

The decorators, `frame` and `frames` are all that telemetry asks of the code. Take them away and it
computes the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from otel_forgesyte import constant, device_fallback, frame, frames, job, plugin, report_device
from otel_forgesyte.demo.images import camera_move, decoded, film_frames, live
from otel_forgesyte.demo.vision import (
    FaceFinder,
    draw_overlay,
    edge_strength,
    moved_box,
    printed_lines,
)

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from PIL import Image

CAMERA_RATE = 60.0
LIVE_FRAMES = 90


@dataclass(frozen=True, slots=True)
class Request:
    """What a client submitted and a worker takes from the queue."""

    job_id: str
    picture: Path
    submitted_at: datetime
    device: str = "cpu"


@plugin(plugin=constant("decoder"), tool=constant("pillow"))
def decode(path: Path) -> Image.Image:
    """The picture, or Pillow's own exception for a file that is none."""
    return decoded(path)


@plugin(plugin=constant("faces"), tool=constant("cascade"))
def find_faces(picture: Image.Image) -> dict[str, Any]:
    """Boxes around faces. The cascade runs on a CPU, and says so."""
    report_device(requested="cpu", used="cpu")
    boxes = FaceFinder().boxes(picture)
    return {"boxes": boxes, "labels": ["face"] * len(boxes)}


@plugin(plugin=constant("edges"), tool=constant("gradient"))
@device_fallback("gpu", "cpu")
def measure_edges(picture: Image.Image, device: str) -> dict[str, float]:
    """Sharpness, on the device asked for or else on the next one that works."""
    return edge_strength(picture, device)


@plugin(plugin=constant("print"), tool=constant("lines"))
def count_lines(picture: Image.Image) -> dict[str, Any]:
    """Lines of print; a picture without any is reported in the result, not raised."""
    lines = printed_lines(picture)
    if lines == 0:
        return {"success": False, "error": "no line of print in this picture"}
    return {"success": True, "lines": lines}


@plugin(plugin=constant("overlay"), tool=constant("faces"))
def follow_faces(photograph: Image.Image, count: int = LIVE_FRAMES) -> int:
    """A camera moves over the photograph; every frame it shows gets its faces drawn in."""
    finder = FaceFinder(smallest=40)
    drawn = 0
    for shown in live(camera_move(photograph), CAMERA_RATE, count):
        boxes = finder.boxes(shown.picture)
        with frame(shown.index, dropped=shown.dropped, fps=shown.fps):
            draw_overlay(shown.picture, boxes, f"frame {shown.index}")
        drawn += 1
    return drawn


@plugin(plugin=constant("overlay"), tool=constant("motion"))
def mark_motion(path: Path) -> int:
    """Every frame of a film with a box around what moved since the one before."""
    before: Image.Image | None = None
    moving = 0
    for picture in frames(film_frames(path)):
        moved = moved_box(before or picture, picture)
        draw_overlay(picture, [moved] if moved else [], "motion" if moved else "still")
        moving += moved is not None
        before = picture
    return moving


@job(job_id="request.job_id", enqueued_at="request.submitted_at")
def photo_report(request: Request) -> dict[str, Any]:
    """Two plugins over one photograph."""
    picture = decode(request.picture)
    return {"faces": find_faces(picture), "edges": measure_edges(picture, request.device)}


@job(job_id="request.job_id", enqueued_at="request.submitted_at")
def page_reader(request: Request) -> dict[str, Any]:
    """One plugin, whose answer is the job's."""
    return count_lines(decode(request.picture))


@job(job_id="request.job_id", enqueued_at="request.submitted_at")
def live_view(request: Request) -> dict[str, int]:
    """A live view: one overlay for each frame."""
    return {"drawn": follow_faces(decode(request.picture))}


@job(job_id="request.job_id", enqueued_at="request.submitted_at")
def film_motion(request: Request) -> dict[str, int]:
    """A film from a file, frame by frame."""
    return {"moving": mark_motion(request.picture)}

"""The jobs that the demo's clients submit."""

from __future__ import annotations

import secrets
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

from otel_forgesyte.demo import images, pipeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Submission(NamedTuple):
    """A request and the job function that serves it."""

    serve: Callable[[pipeline.Request], Any]
    request: pipeline.Request


def submissions(folder: Path) -> Iterator[Submission]:
    """Every job of one run; `folder` takes the file that was only half uploaded.

    The live view comes first: it takes longest, and the others run beside it.
    """
    run = secrets.token_hex(3)

    def submitted(
        serve: Callable[[pipeline.Request], Any], kind: str, path: Path, device: str = "cpu"
    ) -> Submission:
        now = datetime.now(timezone.utc)
        return Submission(serve, pipeline.Request(f"{kind}-{path.stem}-{run}", path, now, device))

    yield submitted(pipeline.live_view, "live", images.path_of("astronaut.png"))
    yield submitted(pipeline.film_motion, "film", images.path_of(images.FILM))
    for name in images.PHOTOGRAPHS:
        device = "gpu" if name in images.LARGE else "cpu"
        yield submitted(pipeline.photo_report, "photo", images.path_of(name), device)
    for name in (images.PRINTED_PAGE, *images.WITHOUT_PRINT):
        yield submitted(pipeline.page_reader, "page", images.path_of(name))
    half = images.half_uploaded("rocket.jpg", folder)
    yield submitted(pipeline.photo_report, "photo", half)

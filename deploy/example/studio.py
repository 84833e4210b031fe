"""An application that works until it is told to end: what the files beside it deploy.

It says nothing of databases, Prometheus or collectors. Where its records go is decided by the
environment that it is started with: docs/migrating.md.
"""  # noqa: INP001 - a program, not a package

from __future__ import annotations

import contextlib
import itertools
import signal
import threading
import uuid

from otel_forgesyte import Objective, configure, constant, job, plugin, report_device

PICTURE, BROKEN = "portrait.png", "truncated.png"
# One of 200 is broken: within the objective, so that no alert tells of it.
EVERY, FIRST = 200, 9
PAUSE_S = 0.1


@plugin(plugin=constant("faces"), tool=constant("cascade"))
def find_faces(picture: str) -> dict[str, object]:
    """Boxes around faces."""
    report_device(requested="cpu", used="cpu")
    return {"boxes": [[4, 4, 20, 20]], "picture": picture}


@job(objective=Objective(success=0.99, within_s=1.0))
def photo_report(job_id: str, picture: str) -> dict[str, object]:
    """What is in a picture, unless it is broken."""
    if picture == BROKEN:
        raise OSError(f"{picture} of {job_id} is truncated")
    return find_faces(picture)


def main() -> None:
    """Work until SIGTERM or Ctrl-C; the block's end stores or sends what is left."""
    ended = threading.Event()

    def end(_number: int, _frame: object) -> None:
        ended.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    with configure():
        for count in itertools.count():
            if ended.wait(PAUSE_S):
                return
            with contextlib.suppress(OSError):
                photo_report(str(uuid.uuid4()), BROKEN if count % EVERY == FIRST else PICTURE)


if __name__ == "__main__":
    main()

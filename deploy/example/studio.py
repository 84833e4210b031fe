"""An application that works until it is told to end: what the files beside it deploy.

It says nothing of databases, Prometheus or collectors. Where its records go is decided by the
environment that it is started with: docs/migrating.md.
"""  # noqa: INP001 - a program, not a package

from __future__ import annotations

import itertools
import signal
import threading

from otel_forgesyte import Objective, configure, constant, job, plugin, report_device

TRUNCATED_EVERY = 10
PAUSE_S = 0.1


@plugin(plugin=constant("faces"), tool=constant("cascade"))
def find_faces(picture: str) -> dict[str, object]:
    """Boxes around faces, on a processor although a GPU was asked for."""
    report_device(requested="gpu", used="cpu", reason="no GPU in this machine")
    return {"boxes": [[4, 4, 20, 20]], "picture": picture}


@job(objective=Objective(success=0.95, within_s=1.0))
def photo_report(job_id: str, picture: str) -> dict[str, object]:
    """What is in a picture; every tenth one is broken."""
    if int(job_id) % TRUNCATED_EVERY == TRUNCATED_EVERY - 1:
        raise OSError(f"{picture} is truncated")
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
            try:
                photo_report(str(count), "portrait.png")
            except OSError:
                continue


if __name__ == "__main__":
    main()

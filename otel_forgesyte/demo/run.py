"""Runs the demo as any application would: `configure()`, work in threads, `shutdown()`."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.request import urlopen

from otel_forgesyte.demo.report import DemoReport
from otel_forgesyte.errors import TelemetryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from otel_forgesyte.demo.submissions import Submission
    from otel_forgesyte.reading import JobDetail
    from otel_forgesyte.setup.handle import Telemetry

    Progress = Callable[[int, int, str], None]

_THREADS = 4
_NEEDED = {"skimage": "scikit-image", "PIL": "Pillow"}
_SCRAPE_TIMEOUT_S = 5.0


class DemoUnavailable(TelemetryError):  # noqa: N818 - as the tree's other errors are named
    """The demo's own requirements are not installed; the message says what to run."""


def run_demo(database: str | Path, port: int = 0, progress: Progress | None = None) -> DemoReport:
    """What was recorded of a vision server's jobs, run here and now over real pictures.

    Args:
        database: the DuckDB file to record in; made where there is none, added to where there is.
        port: `/metrics` is served there while the jobs run; 0 takes any free one.
        progress: called with (done, total, what was done last) after each job, on this thread.

    Raises:
        DemoUnavailable: scikit-image or Pillow is not installed.
    """
    _check_requirements()
    from otel_forgesyte import configure
    from otel_forgesyte.demo.submissions import submissions

    started = time.perf_counter()
    telemetry = configure(
        database=database, prometheus_port=port, service_name="otel-forgesyte-demo"
    )
    with telemetry, TemporaryDirectory(prefix="otel-forgesyte-demo-") as folder:
        submitted = tuple(submissions(Path(folder)))
        _serve(submitted, progress or _silent)
        scrape_url = telemetry.status().prometheus_url
        families = _scraped_families(scrape_url, telemetry) if scrape_url else ()
        telemetry.force_flush()
    seconds = time.perf_counter() - started
    ids = [submission.request.job_id for submission in submitted]
    return DemoReport(str(database), seconds, tuple(_stored(database, ids)), scrape_url, families)


def _check_requirements() -> None:
    missing = [name for module, name in _NEEDED.items() if find_spec(module) is None]
    if missing:
        raise DemoUnavailable(
            f"the demo works on real pictures and needs {' and '.join(missing)}: "
            "pip install 'otel-forgesyte[demo]'"
        )


def _serve(submitted: tuple[Submission, ...], progress: Progress) -> None:
    """Serves every request, a few at a time: the others wait, as they do in a server's queue."""
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="demo-worker") as workers:
        running = {workers.submit(s.serve, s.request): s.request.job_id for s in submitted}
        progress(0, len(running), "")
        for done, job in enumerate(as_completed(running), start=1):
            # A failed job is a result like any other: the server lives on, its client reads why.
            error = job.exception()
            outcome = f"{type(error).__name__}: {error}" if error else "finished"
            progress(done, len(running), f"{running[job]} {outcome}")


def _scraped_families(url: str, telemetry: Telemetry) -> tuple[str, ...]:
    from prometheus_client.parser import text_string_to_metric_families

    reader = telemetry.prometheus_reader
    try:
        with urlopen(url, timeout=_SCRAPE_TIMEOUT_S) as page:  # noqa: S310 - our own server's address
            text = page.read().decode()
    except OSError:  # the user's environment asks for a password, or for trust in its certificate
        text = "" if reader is None else reader.page().decode()
    return tuple(family.name for family in text_string_to_metric_families(text))


def _stored(database: str | Path, job_ids: Iterable[str]) -> Iterator[JobDetail]:
    """The jobs as the database has them: none where the configuration sends them elsewhere."""
    from otel_forgesyte import open_reader

    if not Path(database).exists():
        return
    with open_reader(database) as reader:
        for job_id in job_ids:
            with suppress(LookupError):
                yield reader.job(job_id)


def _silent(done: int, total: int, label: str) -> None:
    """Nobody watches."""
    del done, total, label

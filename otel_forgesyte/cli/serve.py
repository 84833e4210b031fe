"""``serve``: own the draining of a spool, and take in what other machines and languages send."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from otel_forgesyte.cli import output
from otel_forgesyte.cli.exits import ExitCode
from otel_forgesyte.cli.failures import CommandFailed
from otel_forgesyte.cli.invocation import Invocation, answers_in_text
from otel_forgesyte.serving import Access, Limits, Part
from otel_forgesyte.serving import serve as run_parts
from otel_forgesyte.serving.access import LOOPBACK
from otel_forgesyte.serving.metrics_page import MetricsPage
from otel_forgesyte.serving.quack import Address, Quack, QuackUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import FrameType

__all__ = ["register"]

_ENDING = (signal.SIGTERM, signal.SIGINT)
_DEFAULTS = Limits()

Host = Annotated[
    str,
    typer.Option("--host", help="Listen here; anything but this machine itself needs a token."),
]
OtlpPort = Annotated[
    int,
    typer.Option("--otlp-port", min=0, max=65535, help="For OTLP/HTTP; 0 takes any free port."),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        "--token-file",
        metavar="FILE",
        help="Holds the bearer token to ask for; else OTEL_EXPORTER_DUCKDB_TOKEN.",
    ),
]
MetricsPort = Annotated[
    int | None,
    typer.Option(
        "--metrics-port",
        min=0,
        max=65535,
        help="Let Prometheus scrape this process there, at /metrics; 0 takes any free port.",
        show_default=False,
    ),
]
WebConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--web-config",
        metavar="FILE",
        help="TLS and passwords of --metrics-port, in Prometheus' format; "
        "else OTEL_EXPORTER_PROMETHEUS_WEB_CONFIG_FILE.",
    ),
]
MetricsOfApplications = Annotated[
    bool,
    typer.Option(
        "--metrics-of-applications",
        help="Tell at --metrics-port also what the applications with this spool count.",
    ),
]
QuackAddress = Annotated[
    str | None,
    typer.Option(
        "--quack",
        metavar="HOST:PORT",
        help="Answer SQL there over quack; else at 127.0.0.1:9494 where DuckDB has the extension; "
        "'off' leaves the file to whoever opens it.",
        show_default=False,
    ),
]
QuackOtherHosts = Annotated[
    bool,
    typer.Option("--quack-other-hosts", help="Let --quack name a host that others reach, no TLS."),
]
QuestionTimeout = Annotated[
    float,
    typer.Option(
        "--question-timeout", min=0.1, metavar="SECONDS", help="What one question may take."
    ),
]
AllowWrites = Annotated[
    bool,
    typer.Option("--allow-writes", help="Let SQL that comes over quack also change the database."),
]
CorsOrigins = Annotated[
    list[str] | None,
    typer.Option("--cors-origin", metavar="ORIGIN", help="Let pages from there write; repeatable."),
]
MaxBody = Annotated[
    int,
    typer.Option("--max-body-bytes", min=1_000, help="Of one request, also when unfolded."),
]
MaxRate = Annotated[
    float,
    typer.Option("--max-requests-per-second", min=0.1, help="Of all clients together."),
]
MaxConcurrent = Annotated[
    int,
    typer.Option("--max-concurrent-requests", min=1, help="Being read and stored at once."),
]


def register(app: typer.Typer) -> None:
    """Add this module's command to the application."""
    app.command("serve")(answers_in_text(serve))


def serve(  # noqa: PLR0913 - one argument an option
    invocation: Invocation,
    *,
    host: Host = "127.0.0.1",
    otlp_port: OtlpPort = 4318,
    token_file: TokenFile = None,
    metrics_port: MetricsPort = None,
    web_config: WebConfigFile = None,
    metrics_of_applications: MetricsOfApplications = False,
    quack: QuackAddress = None,
    quack_other_hosts: QuackOtherHosts = False,
    allow_writes: AllowWrites = False,
    question_timeout: QuestionTimeout = 60.0,
    cors_origin: CorsOrigins = None,
    max_body_bytes: MaxBody = _DEFAULTS.max_body_bytes,
    max_requests_per_second: MaxRate = _DEFAULTS.max_requests_per_second,
    max_concurrent_requests: MaxConcurrent = _DEFAULTS.max_concurrent_requests,
) -> ExitCode:
    """Drain the spool and take in OTLP/HTTP, until SIGTERM or Ctrl-C; then drain a last time."""
    limits = Limits(
        max_body_bytes=max_body_bytes,
        max_requests_per_second=max_requests_per_second,
        max_concurrent_requests=max_concurrent_requests,
    )
    access = Access.resolve(host, token_file)
    parts = [_otlp(access, otlp_port, limits, cors_origin or [])]
    if metrics_port is not None:
        page = MetricsPage(
            access, metrics_port, web_config, of_applications=metrics_of_applications
        )
        parts.append(page)
    elif metrics_of_applications:
        raise typer.BadParameter("--metrics-of-applications needs --metrics-port")
    settings = invocation.settings()
    keeper = None
    if quack != "off":
        address = Address.parse(quack or LOOPBACK, other_hosts=quack_other_hosts)
        keeper = Quack(
            address,
            access.token,
            allow_writes=allow_writes,
            is_optional=quack is None,
            question_timeout_s=question_timeout,
        )
    with _until_told_to_end() as wait:
        try:
            run_parts(settings, parts, output.line, wait, keeper)
        except QuackUnavailable as error:
            raise CommandFailed(f"no SQL over quack: {error}", ExitCode.FINDING) from error
    return ExitCode.OK


def _otlp(access: Access, port: int, limits: Limits, cors_origins: list[str]) -> Part:
    try:
        from otel_forgesyte.serving.otlp_http import OtlpHttp
    except ImportError as error:
        raise CommandFailed(
            f"serving needs a part that is not installed ({error.name}): "
            "pip install 'otel-forgesyte[serve]'",
            ExitCode.NOT_INSTALLED,
        ) from error
    return OtlpHttp(access, port, limits, cors_origins)


@contextmanager
def _until_told_to_end() -> Generator[Callable[[], None]]:
    told = threading.Event()

    def tell(number: int, frame: FrameType | None) -> None:
        del number, frame
        told.set()

    before = {number: signal.signal(number, tell) for number in _ENDING}

    def wait() -> None:
        while not told.wait(1.0):  # with a limit: on Windows a signal does not end a wait
            pass

    try:
        yield wait
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

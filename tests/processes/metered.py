"""`application`, with its metrics page mounted at ``/metrics``: any worker answers for all."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, cast

from otel_forgesyte_prometheus import make_asgi_app, make_wsgi_app
from tests.processes import application

_READER = application.TELEMETRY.prometheus_reader
assert _READER is not None
application.answer(f"jobs={os.environ.get('JOBS_AT_IMPORT', '0')}")
_wsgi_page = make_wsgi_app(_READER)
_asgi_page = make_asgi_app(_READER)


def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    if environ["PATH_INFO"] != "/metrics":
        return application.wsgi(environ, start_response)
    return _wsgi_page(environ, start_response)


async def asgi(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    if scope["type"] == "http" and scope["path"] == "/metrics":
        await cast("Any", _asgi_page)(scope, receive, send)
    else:
        await application.asgi(scope, receive, send)

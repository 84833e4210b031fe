"""The applications to mount in a server that is there already."""

from __future__ import annotations

import asyncio
import gzip
import io
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest
from opentelemetry.metrics import CallbackOptions, Observation

from otel_forgesyte_prometheus import make_asgi_app, make_wsgi_app

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .conftest import Metering

PAGE = b"# TYPE c_total counter\nc_total 1\n"


@pytest.fixture(autouse=True)
def _counted(metering: Metering) -> None:  # pyright: ignore[reportUnusedFunction]
    metering.meter().create_counter("c").add(1)


def _wsgi(metering: Metering, **environ: str) -> tuple[str, dict[str, str], bytes]:
    said: list[Any] = []
    full: dict[str, Any] = {
        "SCRIPT_NAME": "",
        "PATH_INFO": "/metrics",
        "QUERY_STRING": "",
        **environ,
    }
    setup_testing_defaults(full)
    full["wsgi.input"] = io.BytesIO()

    def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
        said.extend((status, dict(headers)))
        return str

    body: Any = validator(make_wsgi_app(metering.reader))(full, start_response)  # pyright: ignore[reportArgumentType]
    told = b"".join(body)
    body.close()
    return said[0], said[1], told


def test_the_wsgi_app_keeps_to_wsgi_and_serves_the_page(metering: Metering) -> None:
    status, headers, body = _wsgi(metering)
    assert (status, body) == ("200 OK", PAGE)
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")


@pytest.mark.parametrize(
    "where", [("/metrics", ""), ("/metrics", "/"), ("", "/metrics"), ("", "/")]
)
def test_the_wsgi_app_answers_where_it_is_mounted(
    metering: Metering, where: tuple[str, str]
) -> None:
    assert _wsgi(metering, SCRIPT_NAME=where[0], PATH_INFO=where[1])[0] == "200 OK"


def test_the_wsgi_app_negotiates_compresses_and_refuses_as_the_server_does(
    metering: Metering,
) -> None:
    accept = {"HTTP_ACCEPT": "application/openmetrics-text", "HTTP_ACCEPT_ENCODING": "gzip"}
    _, headers, body = _wsgi(metering, **accept)
    assert headers["Content-Type"].startswith("application/openmetrics-text")
    assert gzip.decompress(body).endswith(b"# EOF\n")
    assert _wsgi(metering, PATH_INFO="/other")[0] == "404 Not Found"
    assert _wsgi(metering, REQUEST_METHOD="POST")[0] == "405 Method Not Allowed"
    assert _wsgi(metering, REQUEST_METHOD="HEAD")[2] == b""


async def _asgi(
    metering: Metering,
    path: str = "/metrics",
    headers: dict[str, str] | None = None,
    app: Any = None,
    **of: Any,
) -> tuple[int, dict[str, str], bytes]:
    sent: list[Any] = []
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": path,
        "headers": [(k.encode(), v.encode()) for k, v in (headers or {}).items()],
        **of,
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await (app or make_asgi_app(metering.reader))(scope, receive, send)
    assert [m["type"] for m in sent] == ["http.response.start", "http.response.body"]
    told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], told, sent[1]["body"]


def test_the_asgi_app_serves_the_page(metering: Metering) -> None:
    status, headers, body = asyncio.run(_asgi(metering))
    assert (status, body) == (200, PAGE)
    assert headers["content-type"].startswith("text/plain; version=0.0.4")
    assert headers["content-length"] == str(len(PAGE))


@pytest.mark.parametrize(
    ("root", "path", "status"),
    [
        ("/metrics", "/metrics", 200),
        ("/metrics", "/metrics/", 200),
        ("/api", "/api/metrics", 200),
        ("/", "/metrics", 200),
        ("/api/", "/api/metrics", 200),
        ("", "/", 200),
        ("", "/other", 404),
        ("", "/other/job", 404),
        ("", "/metrics/job", 200),
        ("/metrics", "/metrics/job/", 200),
        ("/api", "/api/metrics/job", 200),
        ("/metrics", "/metrics/job/more", 404),
        ("/metrics", "/metrics/..", 404),
    ],
)
def test_the_asgi_app_answers_where_it_is_mounted(
    metering: Metering, root: str, path: str, status: int
) -> None:
    assert asyncio.run(_asgi(metering, path, root_path=root))[0] == status


def test_the_asgi_app_negotiates_compresses_and_refuses_as_the_server_does(
    metering: Metering,
) -> None:
    wishes = {"Accept": "application/openmetrics-text", "accept-encoding": "gzip"}
    _, headers, body = asyncio.run(_asgi(metering, headers=wishes))
    assert headers["content-type"].startswith("application/openmetrics-text")
    assert gzip.decompress(body).endswith(b"# EOF\n")
    assert asyncio.run(_asgi(metering, method="POST"))[0] == 405
    assert asyncio.run(_asgi(metering, method="HEAD"))[2] == b""


def test_the_event_loop_runs_on_while_a_slow_callback_is_collected(metering: Metering) -> None:
    entered, leave = threading.Event(), threading.Event()

    def slow(_: CallbackOptions) -> Iterable[Observation]:
        entered.set()
        assert leave.wait(10), "the loop stood still"
        return [Observation(7)]

    metering.meter().create_observable_gauge("slow", [slow])

    async def scrape() -> bytes:
        scraping = asyncio.create_task(_asgi(metering))
        assert await asyncio.to_thread(entered.wait, 10)
        leave.set()  # only a loop that still turns gets here
        return (await scraping)[2]

    assert b"slow 7\n" in asyncio.run(scrape())


def test_scrapes_beyond_eight_are_refused_at_once_and_the_hosts_own_threads_stay_free(
    metering: Metering,
) -> None:
    leave = threading.Event()

    def hanging(_: CallbackOptions) -> Iterable[Observation]:
        leave.wait(10)
        return [Observation(1)]

    metering.meter().create_observable_gauge("slow", [hanging])
    app = make_asgi_app(metering.reader)

    async def scrape() -> tuple[int, str, list[int]]:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
        held = [asyncio.create_task(_asgi(metering, app=app)) for _ in range(8)]
        await asyncio.sleep(0)  # each has its seat
        try:
            ninth = await asyncio.wait_for(_asgi(metering, app=app), 5)
            of_the_host = await asyncio.wait_for(asyncio.to_thread(lambda: "free"), 5)
        finally:
            leave.set()
        return ninth[0], of_the_host, [reply[0] for reply in await asyncio.gather(*held)]

    assert asyncio.run(scrape()) == (503, "free", [200] * 8)
    assert asyncio.run(_asgi(metering, app=app))[0] == 200


def test_a_fault_that_nobody_thought_of_is_an_answer_and_a_line_in_the_log(
    metering: Metering, caplog: pytest.LogCaptureFixture
) -> None:
    class _Odd:
        def collect(self) -> Iterable[Any]:
            return [None]  # which is no family

    metering.reader.registry.register(_Odd())
    for _ in range(2):
        assert _wsgi(metering)[0] == "500 Internal Server Error"
        assert asyncio.run(_asgi(metering))[0] == 500
    assert ["could not be answered" in each.message for each in caplog.records] == [True]


def test_the_asgi_app_goes_along_with_lifespan_and_closes_websockets(metering: Metering) -> None:
    sent: list[str] = []
    asked = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> dict[str, Any]:
        return {"type": next(asked)}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    app = make_asgi_app(metering.reader)
    asyncio.run(app({"type": "lifespan"}, receive, send))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    asyncio.run(app({"type": "websocket"}, receive, send))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete", "websocket.close"]

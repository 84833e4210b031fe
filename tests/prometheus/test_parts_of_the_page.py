"""`/metrics/job` and the like: the metrics with a word in their names, wherever they are served."""

from __future__ import annotations

import asyncio
import http.client
import io
from contextlib import closing
from typing import TYPE_CHECKING, Any
from wsgiref.util import setup_testing_defaults

import pytest
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import Counter

from otel_forgesyte_prometheus import Format, make_asgi_app, make_wsgi_app, start_server

from .conftest import openmetrics

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Metering


@pytest.fixture
def metering(make: Callable[..., Metering]) -> Metering:
    made = make(target_info=True)
    meter = made.meter()
    meter.create_counter("shop.job.done").add(1)
    meter.create_histogram("shop.job.queue.duration", unit="s").record(1)
    meter.create_counter("shop.plugin.runs").add(1)
    meter.create_counter("shop.jobs").add(1)
    Counter("their_job", "", registry=made.reader.registry)
    return made


def by_server(metering: Metering, path: str) -> bytes:
    server = start_server(metering.reader, port=0)
    with closing(http.client.HTTPConnection(server.host, server.port, timeout=10)) as connection:
        connection.request("GET", path, headers={"Accept": "application/openmetrics-text"})
        response = connection.getresponse()
        assert response.status == 200
        return response.read()


def by_asgi(metering: Metering, path: str) -> bytes:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    headers = [(b"accept", b"application/openmetrics-text")]
    scope = {"type": "http", "method": "GET", "path": path, "headers": headers}
    asyncio.run(make_asgi_app(metering.reader)(scope, receive, send))  # type: ignore[arg-type]
    assert sent[0]["status"] == 200
    return bytes(sent[1]["body"])


def by_wsgi(metering: Metering, path: str) -> bytes:
    environ: dict[str, Any] = {"PATH_INFO": path, "HTTP_ACCEPT": "application/openmetrics-text"}
    setup_testing_defaults(environ)
    environ["wsgi.input"] = io.BytesIO()
    said: list[str] = []
    body = b"".join(make_wsgi_app(metering.reader)(environ, lambda line, _: said.append(line)))
    assert said == ["200 OK"]
    return body


@pytest.mark.parametrize("serve", [by_server, by_asgi, by_wsgi])
@pytest.mark.parametrize(
    ("path", "families"),
    [
        (
            "/metrics/job",
            {"target", "shop_job_done", "shop_job_queue_duration_seconds", "their_job"},
        ),
        ("/metrics/queue", {"target", "shop_job_queue_duration_seconds"}),
        ("/metrics/plugin/", {"target", "shop_plugin_runs"}),
        ("/metrics/shop_job", {"target", "shop_job_done", "shop_job_queue_duration_seconds"}),
        ("/metrics/device", {"target"}),
        (
            "/metrics",
            {
                "target", "shop_job_done", "shop_job_queue_duration_seconds", "shop_plugin_runs",
                "shop_jobs", "their_job",
            },
        ),
    ],
)  # fmt: skip
def test_a_part_tells_the_families_with_that_word_and_the_target(
    metering: Metering, serve: Callable[[Metering, str], bytes], path: str, families: set[str]
) -> None:
    assert openmetrics(serve(metering, path).decode()).keys() == families


def test_a_part_has_the_whole_limit_of_series_to_itself(make: Callable[..., Metering]) -> None:
    metering = make(max_series=3)
    for name in ("a.flood", "b.few"):
        for number in range(3):
            metering.meter().create_counter(name).add(1, {"n": number})
    whole = metering.reader.page(Format.OPENMETRICS).decode()
    assert "b_few_total" not in whole
    assert metering.reader.page(part="few").decode().count("b_few_total{") == 3


def test_an_exemplar_is_told_on_every_page_that_has_its_bucket_until_the_next_one(
    make: Callable[..., Metering],
) -> None:
    metering = make()
    tracer = TracerProvider().get_tracer("t")
    seconds = metering.meter().create_histogram(
        "shop.job.duration", unit="s", explicit_bucket_boundaries_advisory=[1]
    )

    def told(part: str) -> list[tuple[float, str]]:
        page = metering.reader.page(Format.OPENMETRICS, part=part).decode()
        return [
            (sample.exemplar.value, sample.exemplar.labels["trace_id"])
            for family in openmetrics(page).values()
            for sample in family.samples
            if sample.exemplar is not None
        ]

    def work(value: float) -> str:
        with tracer.start_as_current_span("work") as span:
            seconds.record(value)
        return f"{span.get_span_context().trace_id:032x}"

    short, long = work(0.5), work(2)
    assert told("plugin") == []  # what it does not tell, it does not take from others either
    for part in ("job", "", "duration", "job"):
        assert told(part) == [(0.5, short), (2, long)]
    again = work(0.25)
    assert told("job") == [(0.25, again), (2, long)]
    assert told("") == [(0.25, again), (2, long)]

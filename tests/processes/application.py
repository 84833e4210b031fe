"""The same small application as WSGI and ASGI: each request runs jobs and answers which.

`configure()` runs when a server imports this: in the master of `gunicorn --preload`, and in each
worker otherwise.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from itertools import count
from typing import Any
from urllib.parse import parse_qs

from otel_forgesyte import configure, constant, job, plugin

TELEMETRY = configure()
_numbers = count()


@plugin(plugin=constant("edges"))
def find_edges(number: int) -> dict[str, int]:
    return {"edges": number}


@job(job_id="job_id")
def analyse(job_id: str, number: int) -> dict[str, object]:
    return {"job": job_id, **find_edges(number)}


def answer(query: str) -> bytes:
    """Run `jobs` jobs, hold on for `sleep` seconds, and flush if asked; then tell."""
    asked = {name: values[0] for name, values in parse_qs(query).items()}
    jobs = [f"{os.getpid()}-{next(_numbers)}" for _ in range(int(asked.get("jobs", "1")))]
    for number, job_id in enumerate(jobs):
        analyse(job_id, number)
    time.sleep(float(asked.get("sleep", "0")))
    told: dict[str, Any] = {"pid": os.getpid(), "jobs": jobs, "duckdb": "duckdb" in sys.modules}
    if "flush" in asked:
        told["flushed"] = TELEMETRY.force_flush()
    return json.dumps(told).encode()


def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    body = answer(environ["QUERY_STRING"])
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


async def asgi(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    if scope["type"] == "lifespan":
        while True:
            step = (await receive())["type"]
            await send({"type": f"{step}.complete"})
            if step == "lifespan.shutdown":
                # uvicorn ends by the signal it was sent: nothing that waits for an exit runs then.
                TELEMETRY.shutdown()
                return
    body = answer(scope["query_string"].decode())
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})

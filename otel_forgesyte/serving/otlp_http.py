"""OTLP/HTTP: what is asked of a request before its body is read, and how it is answered.

Bodies are read on the event loop and turned into lines on a few threads of their own: one large
request keeps nobody else from being heard. https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

from __future__ import annotations

import asyncio
import functools
import logging
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from otel_forgesyte.serving.limits import BadBody, BodyTooLarge, Limits, Pace
from otel_forgesyte.serving.listening import HttpListener
from otel_forgesyte.serving.otlp_messages import Encoding, write_status
from otel_forgesyte.serving.receiving import SIGNALS, NotTaken, Receiver

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from otel_forgesyte.serving.access import Access
    from otel_forgesyte_duckdb.store import Store

_logger = logging.getLogger(__name__)
_DECODING_THREADS = 2
_BUSY_AGAIN_S = 1
_FULL_AGAIN_S = 5
_ENCODINGS = {"": False, "identity": False, "gzip": True}


class _Refusal(Exception):  # noqa: N818 - reads as the fact it states
    def __init__(self, status: HTTPStatus, text: str, **headers: str) -> None:
        super().__init__(text)
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class OtlpHttp:
    """The part that takes in OTLP/HTTP."""

    def __init__(
        self, access: Access, port: int, limits: Limits, cors_origins: Sequence[str] = ()
    ) -> None:
        self._access = access
        self._port = port
        self._limits = limits
        self._cors_origins = list(cors_origins)
        self._pace = Pace(limits.max_requests_per_second)
        self._running = 0
        self._threads = ThreadPoolExecutor(_DECODING_THREADS, "otlp-decoding")
        self._listener: HttpListener | None = None

    def start(self, store: Store) -> str:
        """Listen; return where.

        Raises:
            ConfigError: the address cannot be listened on.
        """
        self._listener = HttpListener(
            self.application(store), self._access.host, self._port, "--otlp-port"
        )
        self._listener.start()
        return f"OTLP/HTTP at {self._listener.url}"

    def stop(self) -> None:
        """Answer what is running, and take no more."""
        if self._listener is not None:
            self._listener.stop()
        self._threads.shutdown(wait=True)

    def application(self, store: Store) -> Starlette:
        """Return the ASGI application, which writes into the store."""
        routes = [Route("/healthz", _healthz, methods=["GET"])]
        for signal in SIGNALS:
            receiver = Receiver(signal, store, self._limits.max_body_bytes)
            endpoint = functools.partial(self._answer, receiver)
            routes.append(Route(signal.path, endpoint, methods=["POST"]))
        return Starlette(
            routes=routes,
            middleware=self._middleware(),
            exception_handlers={HTTPException: _no_such_thing},
        )

    def _middleware(self) -> list[Middleware]:
        if not self._cors_origins:
            return []
        return [
            Middleware(
                CORSMiddleware,
                allow_origins=self._cors_origins,
                allow_methods=["POST"],
                allow_headers=["*"],
                expose_headers=["Retry-After"],
            )
        ]

    async def _answer(self, receiver: Receiver, request: Request) -> Response:
        encoding = _encoding_of(request)
        try:
            content = await self._taken(receiver, request, encoding)
        except _Refusal as refusal:
            return _status(request, refusal.status, str(refusal), refusal.headers)
        return Response(content, media_type=encoding.value if encoding else None)

    async def _taken(
        self, receiver: Receiver, request: Request, encoding: Encoding | None
    ) -> bytes:
        if not self._access.allows(request.headers.get("authorization", "")):
            raise _Refusal(
                HTTPStatus.UNAUTHORIZED, "bring the token: Authorization: Bearer …",
                WWW_Authenticate="Bearer",
            )  # fmt: skip
        if encoding is None:
            known = " or ".join(each.value for each in Encoding)
            raise _Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send {known}")
        is_folded = _ENCODINGS.get(request.headers.get("content-encoding", "").strip().lower())
        if is_folded is None:
            raise _Refusal(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send the body as it is, or with gzip",
                Accept_Encoding="gzip",
            )  # fmt: skip
        if not self._pace.allows():
            raise _come_again(HTTPStatus.TOO_MANY_REQUESTS, "too many requests", _BUSY_AGAIN_S)
        if self._running >= self._limits.max_concurrent_requests:
            raise _come_again(HTTPStatus.SERVICE_UNAVAILABLE, "busy", _BUSY_AGAIN_S)
        self._running += 1
        try:
            return await self._stored(receiver, request, encoding, is_folded=is_folded)
        finally:
            self._running -= 1

    async def _stored(
        self, receiver: Receiver, request: Request, encoding: Encoding, *, is_folded: bool
    ) -> bytes:
        too_large = f"the body has more than {self._limits.max_body_bytes} bytes"
        try:
            reading = self._body(request)
            body = await asyncio.wait_for(reading, self._limits.request_timeout_s)
            take = functools.partial(receiver.take, body, encoding, is_folded=is_folded)
            return await asyncio.get_running_loop().run_in_executor(self._threads, take)
        except asyncio.TimeoutError:
            raise _Refusal(HTTPStatus.REQUEST_TIMEOUT, "the body came too slowly") from None
        except ClientDisconnect:
            raise _Refusal(HTTPStatus.BAD_REQUEST, "the body ended early") from None
        except BodyTooLarge as error:
            why = str(error) or too_large
            raise _Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, why) from None
        except BadBody as error:
            raise _Refusal(HTTPStatus.BAD_REQUEST, str(error)) from None
        except NotTaken as error:
            why = f"nothing can be stored at the moment: {error}"
            raise _come_again(HTTPStatus.SERVICE_UNAVAILABLE, why, _FULL_AGAIN_S) from None
        except Exception:
            # Nothing has been taken. Whether a second try helps cannot be known: a defect says no.
            _logger.exception("a request could not be answered")
            raise _Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "internal error") from None

    async def _body(self, request: Request) -> bytes:
        if _declared_length(request) > self._limits.max_body_bytes:
            raise BodyTooLarge
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > self._limits.max_body_bytes:
                raise BodyTooLarge
        return bytes(body)


def _declared_length(request: Request) -> int:
    text = request.headers.get("content-length", "")
    return int(text) if text.isdecimal() else 0


def _come_again(status: HTTPStatus, text: str, after_s: int) -> _Refusal:
    return _Refusal(status, text, Retry_After=str(after_s))


def _encoding_of(request: Request) -> Encoding | None:
    return Encoding.of(request.headers.get("content-type", ""))


def _status(
    request: Request, status: int, text: str, headers: Mapping[str, str] | None = None
) -> Response:
    spoken = _encoding_of(request) or Encoding.JSON
    return Response(write_status(text, spoken), status, headers, media_type=spoken.value)


async def _no_such_thing(request: Request, error: Exception) -> Response:
    """Answer an unknown path or method as the protocol has every failure answered."""
    unknown = cast("HTTPException", error)
    return _status(request, unknown.status_code, unknown.detail, unknown.headers)


async def _healthz(request: Request) -> PlainTextResponse:
    del request
    return PlainTextResponse("ok\n")

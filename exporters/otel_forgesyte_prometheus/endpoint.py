"""One place to scrape: who may, which metrics, in which format, and within which time.

The paths: ``/metrics`` tells everything, ``/metrics/job`` the metrics with the word ``job`` in
their names. No list says which words there are: a page of nothing yet, before the first job has
run, is a target that works, where a 404 would be one that is down.
"""

from __future__ import annotations

import asyncio
import gzip
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from otel_forgesyte_prometheus import reader as limits
from otel_forgesyte_prometheus.answer import (
    answered,
    busy,
    failed,
    not_found,
    plain,
    refusal,
    too_many,
    unauthorized,
)
from otel_forgesyte_prometheus.door import Door
from otel_forgesyte_prometheus.formats import accepts_gzip, liked
from otel_forgesyte_prometheus.passwords import ManyGuessesError
from otel_forgesyte_prometheus.reader import ScrapeBusyError
from otel_forgesyte_prometheus.seats import Seats

if TYPE_CHECKING:
    from concurrent.futures import Future

    from otel_forgesyte_prometheus.answer import Answer, Request
    from otel_forgesyte_prometheus.door import Rules
    from otel_forgesyte_prometheus.reader import PrometheusReader

# Scrapes cross a loopback or a local network: speed before the last percent of size.
_GZIP_LEVEL: Final = 3


class Endpoint:
    """A reader behind a door. Safe from any thread. ``root`` is said at ``/`` instead of a page.

    Raises:
        ConfigError: neither ``door`` nor the reader's is given, and the one that the environment
            describes cannot be had.
    """

    def __init__(self, reader: PrometheusReader, door: Door | None = None, root: str = "") -> None:
        self.reader: Final = reader
        self.door: Final = door or reader.door or Door.resolve()
        self._root = root
        self._seats = Seats()

    def answer(self, request: Request) -> Answer:
        """The answer, within the time that the client waits; blocks until then."""
        scrape = self._begin(request)
        if scrape is None:
            return busy(request)
        try:
            return scrape.result(_patience_s(request))
        except FutureTimeout:
            return busy(request)

    async def answer_from_loop(self, request: Request) -> Answer:
        """The same for an event loop (asyncio), which goes on meanwhile."""
        scrape = self._begin(request)
        if scrape is None:
            return busy(request)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(scrape), _patience_s(request))
        except asyncio.TimeoutError:
            return busy(request)

    def _begin(self, request: Request) -> Future[Answer] | None:
        # In a thread of its own even where one waits for it: callbacks of observable instruments
        # run in a collection and take what they take, and so does bcrypt.
        return self._seats.take(partial(self._answer_always, request))

    def _answer_always(self, request: Request) -> Answer:
        try:
            return self._whole(request)
        except Exception as error:  # noqa: BLE001 - a host whose page this is never sees it
            self.reader.notices.once(
                ("answer", type(error)), "Prometheus: a scrape could not be answered: %r", error
            )
            return failed(request)

    def _whole(self, request: Request) -> Answer:
        rules = self.door.rules()
        answer = self._turned_away(request, rules) or self._answered(request)
        return replace(answer, headers=(*answer.headers, *rules.headers))

    def _turned_away(self, request: Request, rules: Rules) -> Answer | None:
        if not self.door.allows_now():
            return too_many(request)
        try:
            is_admitted = rules.admit(request.authorization)
        except ManyGuessesError:
            return busy(request)
        return None if is_admitted else unauthorized(request, rules.challenges)

    def _answered(self, request: Request) -> Answer:
        if (refused := refusal(request)) is not None:
            return refused
        if request.part is None:
            return not_found(request)
        if self._root and request.path == "/":
            return plain(request, HTTPStatus.OK, self._root)
        return self._page(request, request.part)

    def _page(self, request: Request, part: str) -> Answer:
        form = liked(request.accept)
        try:
            body = self.reader.page(form, part=part, timeout_s=_patience_s(request))
        except ScrapeBusyError:
            return busy(request)
        headers = [("Content-Type", form.value), ("Vary", "Accept, Accept-Encoding")]
        if accepts_gzip(request.accept_encoding):
            body = gzip.compress(body, _GZIP_LEVEL, mtime=0)
            headers.append(("Content-Encoding", "gzip"))
        return answered(request, HTTPStatus.OK, tuple(headers), body)


def _patience_s(request: Request) -> float:
    return request.patience_s(limits.SCRAPE_TIMEOUT_S)

"""Passwords, tokens and certificates, asked for over real connections."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import http.client
import io
import logging
import os
import socket
import ssl
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any
from wsgiref.util import setup_testing_defaults

import pytest

from otel_forgesyte_prometheus import (
    Door,
    ServingPrometheusReader,
    make_asgi_app,
    make_wsgi_app,
    start_server,
)
from otel_forgesyte_schema.errors import ConfigError

from .certificates import PASSWORD, hashed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from otel_forgesyte_prometheus import Server

    from .certificates import Certificates, Pair
    from .conftest import Metering

TOKEN = "s3cret-word"  # noqa: S105 - the tests' own
Serve = "Callable[..., Server]"


def basic(user: str = "alice", password: str = PASSWORD) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def scrape(
    server: Server, authorization: str | None = None, context: ssl.SSLContext | None = None
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body; over TLS with a context."""
    connection: http.client.HTTPConnection
    if context is None:
        connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
    else:
        connection = http.client.HTTPSConnection(
            server.host, server.port, timeout=10, context=context
        )
    with closing(connection):
        headers = {} if authorization is None else {"Authorization": authorization}
        connection.request("GET", "/metrics", headers=headers)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()


def client(certificates: Certificates, shown: Pair | None = None) -> ssl.SSLContext:
    """A client that trusts the CA, and shows a certificate if it is given one."""
    context = ssl.create_default_context(cafile=certificates.ca.certificate)
    if shown is not None:
        context.load_cert_chain(shown.certificate, shown.key)
    return context


@pytest.fixture
def config(tmp_path: Path) -> Callable[[str], Path]:
    def _config(content: str) -> Path:
        path = tmp_path / "web.yml"
        replacement = tmp_path / "web.yml.new"
        replacement.write_text(content, encoding="utf-8")
        replacement.replace(path)  # as careful tools do, and unlike an editor
        return path

    return _config


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    return path


@pytest.fixture
def serve(metering: Metering) -> Iterator[Callable[..., Server]]:
    metering.meter().create_counter("c").add(1)
    started: list[Server] = []

    def _serve(web_config: Path | None = None, token_file: Path | None = None) -> Server:
        door = Door(web_config, token_file)
        started.append(start_server(metering.reader, port=0, door=door))
        return started[-1]

    yield _serve
    for server in started:
        server.shutdown()


def tls(certificates: Certificates, more: str = "") -> str:
    pair = certificates.server
    return f"tls_server_config: {{cert_file: {pair.certificate}, key_file: {pair.key}{more}}}\n"


def test_a_password_is_asked_for_and_the_right_one_lets_in(
    serve: Callable[..., Server], config: Callable[[str], Path]
) -> None:
    server = serve(config(f"basic_auth_users: {{alice: '{hashed()}', bob: '{hashed('b:b')}'}}"))
    assert server.door.asks
    status, headers, body = scrape(server)
    assert (status, headers["WWW-Authenticate"]) == (401, 'Basic realm="metrics"')
    assert b"c_total" not in body
    assert scrape(server, basic())[0] == 200
    assert scrape(server, basic("bob", "b:b"))[0] == 200
    for wrong in (
        basic("alice", "b:b"),
        basic("bob", PASSWORD),
        basic("carol"),
        basic("", ""),
        basic(password=""),
        f"Bearer {PASSWORD}",
        "Basic",
        "Basic ====",
        "Basic bm9jb2xvbg==",
        basic().replace("Basic", "Digest"),
    ):
        assert scrape(server, wrong)[0] == 401
    assert scrape(server, basic())[0] == 200


def test_a_password_longer_than_bcrypt_looks_at_is_cut_as_everywhere(
    serve: Callable[..., Server], config: Callable[[str], Path]
) -> None:
    server = serve(config(f"basic_auth_users: {{alice: '{hashed('x' * 72)}'}}"))
    assert scrape(server, basic(password="x" * 80))[0] == 200
    assert scrape(server, basic(password="x" * 71))[0] == 401


def test_the_token_of_a_file_lets_in_and_is_shown_nowhere(
    serve: Callable[..., Server], token_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "otel_forgesyte_prometheus")
    server = serve(token_file=token_file)
    status, headers, _ = scrape(server)
    assert (status, headers["WWW-Authenticate"]) == (401, 'Bearer realm="metrics"')
    assert scrape(server, f"Bearer {TOKEN}")[0] == 200
    assert scrape(server, f"bearer  {TOKEN} ")[0] == 200
    for wrong in (f"Bearer {TOKEN}x", "Bearer ", f"Basic {TOKEN}", TOKEN, "Bearer zw\xf6lf"):
        assert scrape(server, wrong)[0] == 401
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(server.door.rules())


def test_hashes_and_credentials_are_in_no_repr_and_no_log_line(
    config: Callable[[str], Path], caplog: pytest.LogCaptureFixture
) -> None:
    from otel_forgesyte_prometheus.answer import Request
    from otel_forgesyte_prometheus.web_config import read_web_config

    caplog.set_level(logging.DEBUG)
    hash_of_alice = hashed()
    path = config(f"basic_auth_users: {{alice: '{hash_of_alice}'}}")
    door = Door(path)
    assert door.rules().admit(basic())
    told = repr((read_web_config(path), door, door.rules(), Request("GET", authorization=basic())))
    for secret in (hash_of_alice, PASSWORD, basic()):
        assert secret not in told + caplog.text


def test_either_a_token_or_a_password_is_enough_where_both_are_asked_for(
    serve: Callable[..., Server], config: Callable[[str], Path], token_file: Path
) -> None:
    server = serve(config(f"basic_auth_users: {{alice: '{hashed()}'}}"), token_file)
    assert [scrape(server, said)[0] for said in (basic(), f"Bearer {TOKEN}", None)] == [
        200,
        200,
        401,
    ]


def test_nothing_but_credentials_is_looked_at_before_they_are_right(
    serve: Callable[..., Server], token_file: Path
) -> None:
    server = serve(token_file=token_file)
    for method, path in (
        ("GET", "/"),
        ("GET", "/nowhere"),
        ("POST", "/metrics"),
        ("HEAD", "/metrics"),
    ):
        with closing(
            http.client.HTTPConnection(server.host, server.port, timeout=10)
        ) as connection:
            connection.request(method, path)
            assert connection.getresponse().status == 401


def test_the_applications_ask_for_the_same(
    metering: Metering, token_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_PROMETHEUS_TOKEN_FILE", str(token_file))
    of_asgi, of_wsgi = make_asgi_app(metering.reader), make_wsgi_app(metering.reader)
    for authorization, status in (("", 401), (f"Bearer {TOKEN}", 200)):
        environ: dict[str, Any] = {"PATH_INFO": "/metrics", "HTTP_AUTHORIZATION": authorization}
        setup_testing_defaults(environ)
        environ["wsgi.input"] = io.BytesIO()
        said: list[str] = []
        list(of_wsgi(environ, lambda line, _, said=said: said.append(line)))  # type: ignore[misc]
        assert said[0].startswith(str(status))
        sent: list[Any] = []

        async def send(message: Any, sent: list[Any] = sent) -> None:
            sent.append(message)

        async def receive() -> dict[str, Any]:
            return {"type": "http.request"}

        headers = [(b"authorization", authorization.encode())] if authorization else []
        scope = {"type": "http", "method": "GET", "path": "/metrics", "headers": headers}
        asyncio.run(of_asgi(scope, receive, send))  # type: ignore[arg-type]
        assert sent[0]["status"] == status
    # A door of one's own goes before the environment's.
    environ = {"PATH_INFO": "/metrics"}
    setup_testing_defaults(environ)
    lines: list[str] = []
    list(make_wsgi_app(metering.reader, Door())(environ, lambda line, _: lines.append(line)))
    assert lines == ["200 OK"]


def test_an_application_with_a_door_that_cannot_be_had_is_not_made(
    metering: Metering, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_PROMETHEUS_WEB_CONFIG_FILE", str(tmp_path / "nowhere.yml"))
    for make in (make_asgi_app, make_wsgi_app, start_server):
        with pytest.raises(ConfigError, match=r"nowhere\.yml"):
            make(metering.reader)


def test_the_reader_of_the_environment_serves_nothing_rather_than_without_its_door(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_PROMETHEUS_WEB_CONFIG_FILE", str(tmp_path / "nowhere.yml"))
    reader = ServingPrometheusReader(port=0)
    assert reader.server is None
    (record,) = caplog.records
    assert "nowhere.yml: No such file or directory. No metrics are served" in record.message


def test_metrics_are_served_over_tls_and_nothing_without_it(
    serve: Callable[..., Server], config: Callable[[str], Path], certificates: Certificates
) -> None:
    server = serve(config(tls(certificates)))
    assert server.url == f"https://127.0.0.1:{server.port}/metrics"
    assert scrape(server, context=client(certificates))[2].endswith(b"c_total 1\n")
    with pytest.raises((http.client.HTTPException, OSError)):
        scrape(server)
    with pytest.raises(ssl.SSLCertVerificationError):
        scrape(server, context=ssl.create_default_context())
    assert not server.door.asks


def test_versions_before_the_smallest_are_refused(
    serve: Callable[..., Server], config: Callable[[str], Path], certificates: Certificates
) -> None:
    server = serve(config(tls(certificates, ", min_version: TLS13")))
    old = client(certificates)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
        scrape(server, context=old)
    assert scrape(server, context=client(certificates))[0] == 200


def test_a_client_certificate_is_asked_for_verified_and_its_name_compared(
    serve: Callable[..., Server], config: Callable[[str], Path], certificates: Certificates
) -> None:
    ca = certificates.ca.certificate
    asked = f", client_auth_type: RequireAndVerifyClientCert, client_ca_file: {ca}"
    server = serve(config(tls(certificates, asked)))
    assert server.door.asks
    assert scrape(server, context=client(certificates, certificates.client))[0] == 200
    for shown in (None, certificates.stranger):
        with pytest.raises((http.client.HTTPException, OSError)):
            scrape(server, context=client(certificates, shown))
    named = serve(config(tls(certificates, f"{asked}, client_allowed_sans: [prometheus.test]")))
    assert scrape(named, context=client(certificates, certificates.client))[0] == 200
    with pytest.raises((http.client.HTTPException, OSError)):
        scrape(named, context=client(certificates, certificates.server))  # of the CA, other name


def test_a_new_certificate_and_new_passwords_count_from_the_next_connection_on(
    serve: Callable[..., Server],
    config: Callable[[str], Path],
    certificates: Certificates,
    token_file: Path,
) -> None:
    users = f"basic_auth_users: {{alice: '{hashed()}'}}"
    server = serve(config(tls(certificates) + users), token_file)
    assert _subject(server, certificates) == "first"
    assert scrape(server, basic(), client(certificates))[0] == 200
    pair = certificates.other_server
    other = f"tls_server_config: {{cert_file: {pair.certificate}, key_file: {pair.key}}}\n"
    config(f"{other}basic_auth_users: {{alice: '{hashed('new')}'}}")
    token_file.write_text("another")
    assert _subject(server, certificates) == "second"
    said = {
        basic(): 401,  # also remembered passwords are forgotten
        basic(password="new"): 200,  # noqa: S106 - the tests' own
        f"Bearer {TOKEN}": 401,
        "Bearer another": 200,
    }
    assert {each: scrape(server, each, client(certificates))[0] for each in said} == said


def _subject(server: Server, certificates: Certificates) -> str:
    with (
        socket.create_connection((server.host, server.port), timeout=10) as plain,
        client(certificates).wrap_socket(plain, server_hostname="localhost") as encrypted,
    ):
        shown: Any = encrypted.getpeercert()
        return str(shown["subject"][0][0][1])


def test_a_certificate_replaced_before_its_key_serves_on_with_the_pair_from_before(
    serve: Callable[..., Server],
    config: Callable[[str], Path],
    certificates: Certificates,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    files = (tmp_path / "a.crt", tmp_path / "a.key")
    for file, content in zip(files, _both(certificates.server), strict=True):
        file.write_bytes(content)
    server = serve(config("tls_server_config: {cert_file: a.crt, key_file: a.key}"))
    certificate, key = _both(certificates.other_server)
    files[0].write_bytes(certificate)
    assert [_subject(server, certificates) for _ in range(3)] == ["first"] * 3
    (said,) = [record.message for record in caplog.records]
    assert "not a certificate and its unencrypted key" in said
    assert "the rules from before hold on" in said
    files[1].write_bytes(key)
    assert _subject(server, certificates) == "second"


def _both(pair: Pair) -> tuple[bytes, bytes]:
    return pair.certificate.read_bytes(), pair.key.read_bytes()


@pytest.mark.parametrize("broken", ["basic_auth_users: {alice: plain}", "a: [", None])
def test_a_file_that_breaks_or_goes_away_leaves_the_door_as_it_was_and_is_said_once(
    serve: Callable[..., Server],
    config: Callable[[str], Path],
    caplog: pytest.LogCaptureFixture,
    broken: str | None,
) -> None:
    path = config(f"basic_auth_users: {{alice: '{hashed()}'}}")
    server = serve(path)
    path.unlink() if broken is None else config(broken)
    assert [scrape(server)[0] for _ in range(3)] == [401] * 3
    assert scrape(server, basic())[0] == 200
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    config(f"basic_auth_users: {{alice: '{hashed('new')}'}}")
    assert scrape(server, basic(password="new"))[0] == 200  # noqa: S106 - the tests' own


def test_tls_is_never_switched_off_by_a_change_of_the_file(
    serve: Callable[..., Server],
    config: Callable[[str], Path],
    certificates: Certificates,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = serve(config(tls(certificates)))
    config("{}")
    assert scrape(server, context=client(certificates))[0] == 200
    assert "without a restart" in caplog.text


def test_headers_of_the_file_are_on_every_answer(
    serve: Callable[..., Server], config: Callable[[str], Path]
) -> None:
    server = serve(config("http_server_config: {headers: {X-Frame-Options: deny}}"))
    assert scrape(server)[1]["X-Frame-Options"] == "deny"


def test_requests_beyond_the_rate_are_told_to_come_again(
    serve: Callable[..., Server], config: Callable[[str], Path]
) -> None:
    server = serve(config("rate_limit: {interval: 1h, burst: 2}"))
    replies = [scrape(server) for _ in range(3)]
    assert [status for status, _, _ in replies] == [200, 200, 429]
    assert replies[2][1]["Retry-After"] == "1"


def test_a_client_that_never_shakes_hands_holds_up_nobody_and_is_cut(
    serve: Callable[..., Server],
    config: Callable[[str], Path],
    certificates: Certificates,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("otel_forgesyte_prometheus.server.CONNECTION_TIMEOUT_S", 0.5)
    server = serve(config(tls(certificates)))
    silent = [socket.create_connection((server.host, server.port), timeout=10) for _ in range(3)]
    assert scrape(server, context=client(certificates))[0] == 200
    for connection in silent:
        with connection:
            assert connection.recv(1) == b""


def test_a_flood_of_guesses_does_not_keep_out_who_is_known(
    serve: Callable[..., Server], config: Callable[[str], Path]
) -> None:
    server = serve(config(f"basic_auth_users: {{alice: '{hashed(cost=11)}'}}"))
    assert scrape(server, basic())[0] == 200
    done = threading.Event()
    said: list[int] = []

    def guess() -> None:
        while not done.is_set():
            with contextlib.suppress(OSError, http.client.HTTPException):
                said.append(scrape(server, basic(password="wrong"))[0])  # noqa: S106

    guessing = [threading.Thread(target=guess) for _ in range(6)]
    for thread in guessing:
        thread.start()
    known = [scrape(server, basic())[0] for _ in range(30)]
    done.set()
    for thread in guessing:
        thread.join()
    assert known.count(200) >= 27  # a connection of six guessers may end a little late
    assert set(said) == {401, 503}


def test_an_unknown_user_takes_as_long_as_a_known_one(config: Callable[[str], Path]) -> None:
    rules = Door(config(f"basic_auth_users: {{alice: '{hashed(cost=10)}'}}")).rules()

    def shortest(user: str) -> float:
        times: list[float] = []
        for number in range(3):
            began = time.process_time()
            assert not rules.admit(basic(user, f"wrong {number}"))
            times.append(time.process_time() - began)
        return min(times)

    # bcrypt takes some 50 ms here; to find that there is no such user takes microseconds.
    assert shortest("nobody") > shortest("alice") / 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_forked_while_a_password_is_checked_can_check(
    config: Callable[[str], Path],
) -> None:
    door = Door(config(f"basic_auth_users: {{alice: '{hashed(cost=12)}'}}"))
    checking = threading.Thread(target=door.rules().admit, args=(basic(password="wrong"),))  # noqa: S106
    checking.start()
    child = os.fork()
    if child == 0:
        os._exit(0 if door.rules().admit(basic()) else 1)
    assert os.waitpid(child, 0)[1] == 0
    checking.join()

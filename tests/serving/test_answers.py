"""What a client is told: success, what was rejected and why, and what to do about a refusal."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from otel_forgesyte.serving import Access, Limits
from tests.serving.conftest import send, send_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.serving.conftest import Receiver

SPAN = {
    "traceId": "5B8EFFF798038103D269B633813FC60C",
    "spanId": "eee19b7ec3c1b174",
    "name": "sale",
    "kind": 2,
    "startTimeUnixNano": "1700000000000000000",
    "endTimeUnixNano": 1_700_000_000_500_000_000,
}


def traces(*spans: dict[str, Any]) -> dict[str, Any]:
    return {"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]}


def one_span() -> bytes:
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add()
    span.trace_id, span.span_id, span.name = b"\1" * 16, b"\2" * 8, "sale"
    span.start_time_unix_nano, span.end_time_unix_nano = 1_000, 3_000
    return bytes(request.SerializeToString())


def test_full_success_has_an_empty_body_in_the_encoding_of_the_request(
    receive: Callable[..., Receiver],
) -> None:
    receiver = receive()
    binary = send(receiver.port, "/v1/traces", one_span())
    text = send_json(receiver.port, "/v1/traces", traces(SPAN))
    nothing = send(receiver.port, "/v1/logs", b"")
    assert (binary.status, binary.body) == (200, b"")
    assert binary.headers["content-type"] == "application/x-protobuf"
    assert (text.status, text.json) == (200, {})
    assert text.headers["content-type"] == "application/json"
    assert (nothing.status, nothing.body) == (200, b"")
    receiver.end()
    assert receiver.query("SELECT name, duration_ns FROM otel.spans ORDER BY ALL") == [
        ("sale", 2_000),
        ("sale", 500_000_000),
    ]


def test_what_is_answered_with_success_is_in_the_spool_already(
    receive: Callable[..., Receiver],
) -> None:
    receiver = receive(flush_interval_s=3_600.0)
    for _ in range(3):
        assert send(receiver.port, "/v1/traces", one_span()).status == 200
    status = receiver.status()
    assert (status.accepted, status.spooled_lines, status.dropped) == (3, 3, {})


def test_records_that_cannot_be_stored_are_rejected_and_the_others_kept(
    receive: Callable[..., Receiver],
) -> None:
    receiver = receive()
    short = SPAN | {"traceId": "5b8e"}
    none = SPAN | {"spanId": "0000000000000000"}
    late = SPAN | {"endTimeUnixNano": str(2**64 - 1)}
    answer = send_json(receiver.port, "/v1/traces", traces(SPAN, short, none, late))
    assert answer.status == 200
    assert answer.json["partialSuccess"]["rejectedSpans"] == "3"
    reasons = answer.json["partialSuccess"]["errorMessage"]
    assert "trace_id has 2 bytes, not 16" in reasons
    assert "trace_id or span_id is zero, which is no id" in reasons
    assert "end_time_unix_nano is 18446744073709551615, later than a timestamp can be" in reasons
    receiver.end()
    assert receiver.value("SELECT count(*) FROM otel.spans") == 1
    status = receiver.status()
    assert (status.stored, status.dead_lines, status.dropped) == (1, 0, {})


def test_the_latest_time_there_is_in_sql_is_stored_and_a_later_one_rejected(
    receive: Callable[..., Receiver],
) -> None:
    receiver = receive()
    latest, later = str(2**63 - 2), str(2**63 - 1)
    times = {"startTimeUnixNano": latest, "endTimeUnixNano": latest}
    late = {**SPAN, "spanId": "00000000000000aa", "endTimeUnixNano": later}
    answer = send_json(receiver.port, "/v1/traces", traces({**SPAN, **times}, late))
    assert answer.json["partialSuccess"]["rejectedSpans"] == "1"
    receiver.end()
    assert receiver.query("SELECT start_time_unix_nano::VARCHAR FROM otel.spans") == [
        ("2262-04-11 23:47:16.854775806",)
    ]
    assert receiver.status().dead_lines == 0


def test_summary_points_are_rejected_and_the_other_points_kept(
    receive: Callable[..., Receiver],
) -> None:
    receiver = receive()
    point = {"timeUnixNano": "5", "asInt": "7"}
    metrics = [
        {"name": "old", "summary": {"dataPoints": [{"count": "1"}, {"count": "2"}]}},
        {"name": "level", "gauge": {"dataPoints": [point]}},
    ]
    answer = send_json(
        receiver.port,
        "/v1/metrics",
        {"resourceMetrics": [{"scopeMetrics": [{"metrics": metrics}]}]},
    )
    assert answer.json["partialSuccess"] == {
        "rejectedDataPoints": "2",
        "errorMessage": "summary points are not stored; send a histogram",
    }
    receiver.end()
    assert receiver.query("SELECT name, int_value FROM otel.metric_points") == [("level", 7)]


@pytest.mark.parametrize(
    ("status", "asked", "said"),
    [
        (404, {"path": "/v1/profiles"}, "Not Found"),
        (405, {"method": "PUT"}, "Method Not Allowed"),
        (415, {"content_type": "text/plain"}, "send application/x-protobuf or application/json"),
        (415, {"content_type": ""}, "send application/x-protobuf or application/json"),
        (415, {"headers": {"Content-Encoding": "br"}}, "send the body as it is, or with gzip"),
        (400, {"body": b"\xff" * 20}, "the body cannot be read: "),
        (400, {"body": b"{", "content_type": "application/json"}, "the body cannot be read: "),
        (400, {"body": b"[]", "content_type": "application/json"}, "Request is no JSON object"),
        (400, {"body": b"no", "headers": {"Content-Encoding": "gzip"}}, "the body is not gzip"),
        (
            400,
            {"body": gzip.compress(b"x" * 99)[:20], "headers": {"Content-Encoding": "gzip"}},
            "ends before",
        ),
        (413, {"body": b"x" * 10_001}, "the body has more than 10000 bytes"),
        (
            413,
            {"body": gzip.compress(bytes(10_001)), "headers": {"Content-Encoding": "gzip"}},
            "more than 10000",
        ),
    ],
)
def test_a_refusal_says_why_in_a_status_message_of_the_same_encoding(
    receive: Callable[..., Receiver], status: int, asked: dict[str, Any], said: str
) -> None:
    receiver = receive(limits=Limits(max_body_bytes=10_000))
    request: dict[str, Any] = {"path": "/v1/traces"}
    answer = send(receiver.port, **(request | asked))
    assert answer.status == status
    if answer.headers["content-type"] == "application/json":
        assert said in answer.json["message"]
    else:
        assert asked.get("content_type") is None
        assert said in Status.FromString(answer.body).message


def test_a_bomb_of_gzip_is_refused_before_it_takes_memory(receive: Callable[..., Receiver]) -> None:
    receiver = receive()
    bomb = gzip.compress(bytes(200 << 20), 1)
    began = time.monotonic()
    answer = send(receiver.port, "/v1/traces", bomb, headers={"Content-Encoding": "gzip"})
    assert answer.status == 413
    assert time.monotonic() - began < 5


def test_several_gzip_members_are_one_body(receive: Callable[..., Receiver]) -> None:
    receiver = receive()
    body = one_span()
    folded = gzip.compress(body[:10]) + gzip.compress(body[10:])
    assert (
        send(receiver.port, "/v1/traces", folded, headers={"Content-Encoding": "gzip"}).body == b""
    )
    receiver.end()
    assert receiver.value("SELECT count(*) FROM otel.spans") == 1


def test_a_body_of_many_tiny_gzip_members_is_unfolded_in_time(
    receive: Callable[..., Receiver],
) -> None:
    receiver = receive()
    folded = gzip.compress(b"") * 300_000 + gzip.compress(one_span())
    began = time.monotonic()
    answer = send(receiver.port, "/v1/traces", folded, headers={"Content-Encoding": "gzip"})
    assert answer.status == 200
    assert time.monotonic() - began < 10  # 80,000 took 2.4 s, growing by the square


def field(number: int, content: bytes) -> bytes:
    """Return a field of a protobuf message that holds bytes or a message."""
    size, length = len(content), b""
    while size > 127:
        length += bytes([size & 127 | 128])
        size >>= 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + content


EMPTY_SPANS = field(2, field(2, b"") * 50_000)
EMPTY_EVENTS = field(2, field(2, field(11, b"") * 50_000))
LARGE_SCOPE = field(
    2,
    field(1, field(3, field(1, b"k") + field(2, field(1, b"v" * 50_000)))) + field(2, b"") * 500,
)


@pytest.mark.parametrize("spans", [EMPTY_SPANS, EMPTY_EVENTS, LARGE_SCOPE])
def test_few_bytes_that_would_become_many_are_refused(
    receive: Callable[..., Receiver], spans: bytes
) -> None:
    receiver = receive(limits=Limits(max_body_bytes=200_000))
    answer = send(receiver.port, "/v1/traces", field(1, spans))
    assert answer.status == 413
    assert Status.FromString(answer.body).message == (
        "the body holds too many records: send fewer at once"
    )


def test_a_body_of_unknown_length_is_cut_off_at_the_limit(receive: Callable[..., Receiver]) -> None:
    receiver = receive(limits=Limits(max_body_bytes=10_000))
    connection = http.client.HTTPConnection("127.0.0.1", receiver.port, timeout=10)
    parts = iter([b"x" * 6_000] * 2)
    connection.request(
        "POST", "/v1/traces", parts, {"Content-Type": "application/json"}, encode_chunked=True
    )
    assert connection.getresponse().status == 413
    connection.close()


def test_without_the_token_nobody_comes_in(receive: Callable[..., Receiver]) -> None:
    receiver = receive(access=Access(token="s3cret"))  # noqa: S106
    nothing: dict[str, str] = {}
    for given in (nothing, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic s3cret"}):
        answer = send(receiver.port, "/v1/traces", one_span(), headers=given)
        assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
    token = {"Authorization": "Bearer s3cret"}
    assert send(receiver.port, "/v1/traces", one_span(), headers=token).status == 200
    assert "s3cret" not in repr(Access(token="s3cret"))  # noqa: S106


def test_too_many_requests_are_told_when_to_come_again(receive: Callable[..., Receiver]) -> None:
    receiver = receive(limits=Limits(max_requests_per_second=0.5))
    assert send(receiver.port, "/v1/traces", one_span()).status == 200
    answer = send(receiver.port, "/v1/traces", one_span())
    assert (answer.status, answer.headers["retry-after"]) == (429, "1")
    assert Status.FromString(answer.body).message == "too many requests"
    receiver.end()
    assert receiver.value("SELECT count(*) FROM otel.spans") == 1


def _stalled(port: int, sent: bytes) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=10)
    client.sendall(sent)
    return client


HEAD = b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


def test_more_requests_at_once_than_allowed_are_told_when_to_come_again(
    receive: Callable[..., Receiver],
) -> None:
    receiver = receive(limits=Limits(max_concurrent_requests=1))
    with _stalled(receiver.port, HEAD + b"Content-Length: 99\r\n\r\n{"):
        answers = [send(receiver.port, "/v1/traces", one_span())]
        while answers[-1].status == 200:
            answers.append(send(receiver.port, "/v1/traces", one_span()))
        assert (answers[-1].status, answers[-1].headers["retry-after"]) == (503, "1")
    # The stalled one has gone, so there is room again.
    deadline = time.monotonic() + 10
    while send(receiver.port, "/v1/traces", one_span()).status != 200:
        assert time.monotonic() < deadline


def test_a_client_that_sends_too_slowly_is_cut_off(receive: Callable[..., Receiver]) -> None:
    receiver = receive(limits=Limits(request_timeout_s=0.2))
    with _stalled(receiver.port, HEAD + b"Content-Length: 99\r\n\r\n{") as client:
        assert client.recv(99).startswith(b"HTTP/1.1 408 ")


def test_a_connection_without_a_request_is_ended(
    receive: Callable[..., Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("otel_forgesyte.serving.listening._IDLE_S", 0.2)
    receiver = receive()
    silent = _stalled(receiver.port, b"")
    unfinished = _stalled(receiver.port, HEAD)
    served = _stalled(receiver.port, HEAD + b"Content-Length: 2\r\n\r\n{}" + b"POST /v1")
    with silent, unfinished, served:
        assert served.recv(9_999).startswith(b"HTTP/1.1 200 ")
        for client in (silent, unfinished, served):
            assert _rest(client) in {b"", b"{}"}


def test_more_connections_than_allowed_are_ended_at_once(
    receive: Callable[..., Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("otel_forgesyte.serving.listening._MOST_CONNECTIONS", 2)
    receiver = receive()
    with contextlib.ExitStack() as clients:
        silent = [clients.enter_context(_stalled(receiver.port, b"")) for _ in range(4)]
        silent[0].settimeout(0.2)
        with pytest.raises(TimeoutError):
            silent[0].recv(1)
        for client in silent[2:]:
            assert _rest(client) == b""


def _rest(client: socket.socket) -> bytes:
    """Return what still comes until the other side ends the connection."""
    found = b""
    try:
        while part := client.recv(9_999):
            found += part
    except ConnectionResetError:
        pass
    return found


def test_a_full_spool_is_told_to_the_client_and_counts_as_no_loss(
    receive: Callable[..., Receiver],
) -> None:
    receiver = receive(spool_max_bytes=10_000, flush_interval_s=3_600.0)
    taken = 0
    while (answer := send(receiver.port, "/v1/traces", one_span())).status == 200:
        taken += 1
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert Status.FromString(answer.body).message == (
        "nothing can be stored at the moment: spool_full"
    )
    status = receiver.status()
    assert (status.accepted, status.spooled_lines, status.dropped) == (taken, taken, {})
    receiver.end()
    status = receiver.status()
    assert (status.stored, status.spooled_lines, status.dropped) == (taken, 0, {})


def test_pages_of_other_sites_may_write_only_where_that_was_said(
    receive: Callable[..., Receiver],
) -> None:
    asked = {
        "Origin": "https://shop.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,authorization",
    }
    closed = receive("closed")
    answer = send(closed.port, "/v1/traces", method="OPTIONS", headers=asked)
    assert (answer.status, answer.headers.get("access-control-allow-origin")) == (405, None)

    opened = receive("opened", cors=("https://shop.example",), access=Access(token="s3cret"))  # noqa: S106
    allowed = send(opened.port, "/v1/traces", method="OPTIONS", headers=asked)
    assert (allowed.status, allowed.headers["access-control-allow-origin"]) == (
        200, "https://shop.example",
    )  # fmt: skip
    other = send(
        opened.port,
        "/v1/traces",
        method="OPTIONS",
        headers=asked | {"Origin": "https://evil.example"},
    )
    assert (other.status, other.headers.get("access-control-allow-origin")) == (400, None)
    written = send_json(
        opened.port, "/v1/traces", traces(SPAN),
        {"Origin": "https://shop.example", "Authorization": "Bearer s3cret"},
    )  # fmt: skip
    assert (written.status, written.headers["access-control-allow-origin"]) == (
        200, "https://shop.example",
    )  # fmt: skip


def test_a_large_request_keeps_nobody_else_waiting(receive: Callable[..., Receiver]) -> None:
    receiver = receive()
    large = traces(*[SPAN | {"attributes": [_attribute(n) for n in range(8)]}] * 4_000)
    sender = threading.Thread(target=send_json, args=(receiver.port, "/v1/traces", large))
    sender.start()
    waits: list[float] = []
    while sender.is_alive():
        began = time.monotonic()
        assert send(receiver.port, "/healthz", method="GET").body == b"ok\n"
        waits.append(time.monotonic() - began)
    sender.join()
    assert len(waits) > 5
    assert sorted(waits)[len(waits) // 2] < 0.5
    receiver.end()
    assert receiver.value("SELECT count(*) FROM otel.spans") == 4_000


def _attribute(number: int) -> dict[str, Any]:
    return {"key": f"key {number}", "value": {"stringValue": "a value of some length"}}


def test_the_answer_to_partial_success_is_understood_by_the_protocols_own_classes(
    receive: Callable[..., Receiver],
) -> None:
    receiver = receive()
    request = ExportTraceServiceRequest.FromString(one_span())
    request.resource_spans[0].scope_spans[0].spans.add(name="no ids")
    answer = send(receiver.port, "/v1/traces", bytes(request.SerializeToString()))
    response = ExportTraceServiceResponse.FromString(answer.body)
    assert response.partial_success.rejected_spans == 1
    assert response.partial_success.error_message == "trace_id has 0 bytes, not 16"

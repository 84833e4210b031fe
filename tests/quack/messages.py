"""Quack's messages as bytes, recorded from a DuckDB 1.5.5 client and written with other contents.

A message is POSTed to `/quack`: numbered fields (two bytes), texts after their length, and the end
of a part as `ff ff`. The server answers with another message.
"""

from __future__ import annotations

import http.client
from dataclasses import dataclass

_CONNECT, _QUESTION, _FETCH, _APPEND, _GOODBYE = 1, 3, 7, 9, 11
KINDS = (_CONNECT, _QUESTION, _FETCH, _APPEND, _GOODBYE)
_REFUSAL = b"\x01\x00\x64"
_END = b"\xff\xff"
_CLIENT = b"\x02\x00\x06v1.5.5\x03\x00\x0blinux_amd64"
# Two rows of an INTEGER and a VARCHAR, as a client sends them: (42, 'hello'), (43, 'you').
_ROWS = (
    b"\x03\x00\x01,\x01d\x00\x02e\x00\x02d\x00\r\xff\xffd\x00\x19\xff\xfff\x00\x02d\x00\x00f\x00\x08"
    b"*\x00\x00\x00+\x00\x00\x00\xff\xffd\x00\x00f\x00\x02\x05hello\x03you\xff\xff\xff\xff\xff\xff"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; a status other than 200 comes without a message."""

    status: int
    message: bytes

    @property
    def is_refusal(self) -> bool:
        return self.status != 200 or self.message.startswith(_REFUSAL)


@dataclass(frozen=True, slots=True)
class Session:
    """A session that the server gave, or one that somebody claims to have."""

    port: int
    name: bytes

    @classmethod
    def opened(cls, port: int, token: str) -> Session:
        answer = greet(port, token)
        assert not answer.is_refusal, answer
        length = answer.message[5]
        return cls(port, answer.message[6 : 6 + length])

    def ask(self, sql: str) -> Answer:
        return self.send(_QUESTION, b"\x01\x00" + _text(sql))

    def append(self, schema: str, table: str) -> Answer:
        return self.send(_APPEND, b"\x01\x00" + _text(schema) + b"\x02\x00" + _text(table) + _ROWS)

    def send(self, kind: int, body: bytes) -> Answer:
        return _post(self.port, _message(kind, self.name, body))


def greet(port: int, token: str, version: int = 1) -> Answer:
    """Ask for a session as a client does that speaks only this version of quack."""
    versions = b"\x04\x00" + bytes([version]) + b"\x05\x00" + bytes([version])
    return _post(port, _message(_CONNECT, b"", b"\x01\x00" + _text(token) + _CLIENT + versions))


def _message(kind: int, session: bytes, body: bytes) -> bytes:
    name = b"\x02\x00" + bytes([len(session)]) + session if session else b""
    return b"\x01\x00" + bytes([kind]) + name + b"\x03\x00\x01" + _END + body + _END


def _text(text: str) -> bytes:
    content = text.encode()
    left, length = len(content), b""
    while left > 127:
        length += bytes([left & 127 | 128])
        left >>= 7
    return length + bytes([left]) + content


def _post(port: int, message: bytes) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("POST", "/quack", message)
        answer = connection.getresponse()
        return Answer(answer.status, answer.read())
    finally:
        connection.close()

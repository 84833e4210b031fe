"""Bodies of OTLP/HTTP in both encodings: requests read, answers written.

JSON becomes the same protobuf messages that the binary encoding gives, so that everything after it
is written once. https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, TypeVar

import orjson
from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from otel_forgesyte.serving.limits import BadBody
from otel_forgesyte.serving.otlp_json import message_from_json

if TYPE_CHECKING:
    from collections.abc import Callable

AnyMessage = TypeVar("AnyMessage", bound=Message)


class Encoding(Enum):
    """The two encodings, by their content type."""

    PROTOBUF = "application/x-protobuf"
    JSON = "application/json"

    @classmethod
    def of(cls, content_type: str) -> Encoding | None:
        """Return the encoding of a `Content-Type` header; None for any other type."""
        media_type = content_type.partition(";")[0].strip().lower()
        return next((encoding for encoding in cls if encoding.value == media_type), None)


def read_request(body: bytes, encoding: Encoding, kind: Callable[..., AnyMessage]) -> AnyMessage:
    """Return the request that a body holds.

    Raises:
        BadBody: it holds none.
    """
    try:
        if encoding is Encoding.JSON:
            return message_from_json(orjson.loads(body), kind)
        message = kind()
        message.ParseFromString(body)
    except (DecodeError, ValueError, TypeError, RecursionError) as error:
        # Only the start: the text of such an error may quote the whole body.
        raise BadBody(f"the body cannot be read: {error}"[:500]) from None
    return message


def write_answer(message: Message, encoding: Encoding) -> bytes:
    """Return an answer in the encoding of its request."""
    if encoding is Encoding.PROTOBUF:
        return bytes(message.SerializeToString())
    return bytes(orjson.dumps(json_format.MessageToDict(message)))


def write_status(text: str, encoding: Encoding) -> bytes:
    """Return a `google.rpc.Status` with this message, which is what failures are told in."""
    if encoding is Encoding.JSON:
        return bytes(orjson.dumps({"message": text}))
    # A span's status has its message in the same field as google.rpc.Status (number 2), and comes
    # with the protocol: one dependency less for one string.
    return bytes(Status(message=text).SerializeToString())

"""Bodies of OTLP/HTTP in both encodings: requests read, answers written.

JSON becomes the same protobuf messages that the binary encoding gives, so that everything after it
is written once. https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

from __future__ import annotations

import base64
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

import orjson
from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from otel_forgesyte.serving.limits import BadBody

if TYPE_CHECKING:
    from collections.abc import Callable

AnyMessage = TypeVar("AnyMessage", bound=Message)
# Lists in a body that lead to messages with ids in them.
_WAY_TO_IDS = (
    *("resourceSpans", "scopeSpans", "spans", "links", "resourceLogs", "scopeLogs", "logRecords"),
    *("resourceMetrics", "scopeMetrics", "metrics", "gauge", "sum", "histogram"),
    *("exponentialHistogram", "dataPoints", "exemplars"),
)
_IDS = ("traceId", "spanId", "parentSpanId")


class Encoding(Enum):
    """The two encodings, by their content type."""

    PROTOBUF = "application/x-protobuf"
    JSON = "application/json"

    @classmethod
    def of(cls, content_type: str) -> Encoding | None:
        """Return the encoding of a `Content-Type` header; None for any other type."""
        media_type = content_type.partition(";")[0].strip().lower()
        return next((encoding for encoding in cls if encoding.value == media_type), None)


def read_request(body: bytes, encoding: Encoding, new: Callable[[], AnyMessage]) -> AnyMessage:
    """Return the request that a body holds.

    Raises:
        BadBody: it holds none.
    """
    message = new()
    try:
        if encoding is Encoding.PROTOBUF:
            message.ParseFromString(body)
        else:
            content: Any = orjson.loads(body)
            if not isinstance(content, dict):  # ParseDict takes an empty list for an empty object
                raise ValueError("it is no JSON object")
            _ids_to_base64(content)
            json_format.ParseDict(content, message, ignore_unknown_fields=True)
    except (DecodeError, json_format.Error, ValueError, TypeError, RecursionError) as error:
        # Only the start: the text of such an error may quote the whole body.
        raise BadBody(f"the body is not a {type(message).__name__}: {error}"[:500]) from None
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


def _ids_to_base64(content: Any) -> None:
    """Turn the hex ids of OTLP/JSON into what protobuf's JSON mapping takes, in place."""
    if isinstance(content, list):
        for item in content:  # pyright: ignore[reportUnknownVariableType]
            _ids_to_base64(item)
    elif isinstance(content, dict):
        fields: dict[str, Any] = content  # pyright: ignore[reportUnknownVariableType]
        for name, value in fields.items():
            if name in _WAY_TO_IDS:
                _ids_to_base64(value)
            elif name in _IDS and isinstance(value, str):
                fields[name] = base64.b64encode(bytes.fromhex(value)).decode()

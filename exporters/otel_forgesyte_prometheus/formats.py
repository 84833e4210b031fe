"""The formats that a page can be written in, and which of them a client likes best."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator


class Format(Enum):
    """A format, by its content type."""

    TEXT = "text/plain; version=0.0.4; charset=utf-8"
    OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
    PROTOBUF = (
        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily;"
        " encoding=delimited"
    )


_MESSAGE: Final = "io.prometheus.client.metricfamily"


def liked(accept: str) -> Format:
    """The format of the best quality in an ``Accept`` header; of equals, the first.

    Text where none of ours is asked for. Prometheus puts protobuf first when it is to store native
    histograms, and OpenMetrics otherwise.
    """
    best, answer = 0.0, Format.TEXT
    for media, quality, parameters in _preferences(accept):
        found = _format(media, parameters)
        if found is not None and quality > best:
            best, answer = quality, found
    return answer


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether the client takes gzip."""
    said = {coding: quality for coding, quality, _ in _preferences(accept_encoding)}
    # The star speaks for codings that are not named: "gzip;q=0, *" refuses gzip.
    return next((said[name] for name in ("gzip", "x-gzip", "*") if name in said), 0.0) > 0


def _format(media: str, parameters: dict[str, str]) -> Format | None:
    if media == "application/openmetrics-text":
        version = parameters.get("version", "1").strip('"')
        return Format.OPENMETRICS if version.partition(".")[0] == "1" else None
    if media == "application/vnd.google.protobuf":
        # The same messages as text, or one without its length, are other formats.
        is_ours = parameters.get("proto") == _MESSAGE and parameters.get("encoding") == "delimited"
        return Format.PROTOBUF if is_ours else None
    return Format.TEXT if media in {"text/plain", "text/*", "*/*"} else None


def _preferences(header: str) -> Iterator[tuple[str, float, dict[str, str]]]:
    for item in header.split(","):
        name, *rest = (part.strip().lower() for part in item.split(";"))
        parameters = dict(part.split("=", 1) for part in rest if "=" in part)
        yield name, _quality(parameters.get("q", "1")), parameters


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0

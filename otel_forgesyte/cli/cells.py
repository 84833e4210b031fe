"""How one value reads in a table, in tab-separated text and in JSON."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import sys
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any, cast

from otel_forgesyte.cli.printable import escaped, shortened

__all__ = ["duration", "json_text", "moment", "plain_cell", "table_cell"]

_NOTHING = "-"
_WIDEST_CELL = 160
_THREE_FIGURES = 100
_MILLISECOND = 0.001
# Everything a terminal could act on, or a decoder could refuse, inside a JSON string.
_UNSAFE_IN_JSON = re.compile(
    "[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)


def table_cell(value: object) -> str:
    """The value for a person: times to the second, three figures after the point, cut if long."""
    if value is None:
        return _NOTHING
    if isinstance(value, datetime):
        return _utc(value).isoformat(sep=" ", timespec="seconds").removesuffix("+00:00")
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return shortened(escaped(_text(value)), _WIDEST_CELL)


def plain_cell(value: object) -> str:
    """The value for a script: exact, one line, empty where there is none."""
    return "" if value is None else escaped(_text(value))


def json_text(value: object, indent: int | None = None) -> str:
    """The value as JSON: NaN becomes null, a time an ISO 8601 string in UTC, an id a string."""
    text = json.dumps(
        _jsonable(value), indent=indent, ensure_ascii=not _writes_utf8(), allow_nan=False
    )
    return _UNSAFE_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def moment(value: datetime | None) -> str:
    """A time as ``2026-01-31 12:00:00.000 UTC``, or a dash."""
    if value is None:
        return _NOTHING
    text = _utc(value).isoformat(sep=" ", timespec="milliseconds")
    return text.removesuffix("+00:00") + " UTC"


def duration(seconds: float | None) -> str:
    """A length of time in a person's units: ``850 µs``, ``12.3 ms``, ``1.5 s``, ``4 min 5 s``."""
    if seconds is None:
        return _NOTHING
    if seconds < _MILLISECOND:
        return f"{seconds * 1e6:.0f} µs"
    if seconds < 1:
        return f"{_figures(seconds * 1e3)} ms"
    if seconds < _THREE_FIGURES:
        return f"{_figures(seconds)} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _number(value: float) -> str:
    if not math.isfinite(value):
        return str(value)
    return f"{value:,.0f}" if abs(value) >= _THREE_FIGURES else f"{value:.3g}"


def _figures(value: float) -> str:
    """Three figures; never an exponent for what people read as a plain number."""
    return f"{value:.0f}" if abs(value) >= _THREE_FIGURES else f"{value:.3g}"


def _text(value: object) -> str:
    if isinstance(value, (datetime, date, time, timedelta)):
        return str(_jsonable(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (bytes, bytearray, dict, list, tuple)):
        return json_text(cast("object", value))
    return str(value)


def _jsonable(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: _jsonable(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
    if isinstance(value, dict):
        pairs = cast("dict[object, object]", value).items()
        return {str(key): _jsonable(item) for key, item in pairs}
    if isinstance(value, (list, tuple)):
        return [_jsonable(item) for item in cast("list[object]", value)]
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (float, Decimal)):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, datetime):
        return _utc(value).isoformat().removesuffix("+00:00") + "Z"
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    return value.isoformat() if isinstance(value, (date, time)) else str(value)


def _utc(value: datetime) -> datetime:
    """The stored times are naive and UTC; only a query of the user's own can give another zone."""
    naive = value.tzinfo is None
    return value.replace(tzinfo=timezone.utc) if naive else value.astimezone(timezone.utc)


def _writes_utf8() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"

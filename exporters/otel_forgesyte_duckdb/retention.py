"""How long rows are kept, as people write it: `30d`, or `spans=7d,job_metrics=365d`."""

from __future__ import annotations

import datetime as dt
import re

from otel_forgesyte_schema.retained import RETAINED_TABLES

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGE = re.compile(r"(\d+)\s*([mhdw])")
_POWERS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?B|)")
_LEAST_BYTES = 10_000_000
TABLE_NAMES = tuple(table.name for table in RETAINED_TABLES)


def parse_age(text: str) -> dt.timedelta:
    """Return a length of time such as `90m`, `12h`, `30d` or `8w`.

    Raises:
        ValueError: the text is none of these, or no time at all.
    """
    matched = _AGE.fullmatch(text.strip().lower())
    if matched is None or int(matched[1]) == 0 or len(matched[1]) > 6:  # noqa: PLR2004 - overflow
        raise ValueError("give an age such as 12h, 30d or 8w")
    return dt.timedelta(**{_UNITS[matched[2]]: int(matched[1])})


def parse_retention(text: str) -> dict[str, dt.timedelta]:
    """Return how long each table's rows are kept; a table that is not named keeps its rows.

    One age for all tables, ages by table, or both: `30d,job_metrics=365d`.

    Raises:
        ValueError: an age or a table that is not known; says which fit.
    """
    everywhere: dict[str, dt.timedelta] = {}
    by_table: dict[str, dt.timedelta] = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        name, found, age = part.rpartition("=")
        if not found:
            everywhere = dict.fromkeys(TABLE_NAMES, parse_age(part))
        elif name.strip() in TABLE_NAMES:
            by_table[name.strip()] = parse_age(age)
        else:
            raise ValueError(f"no table {name.strip()!r}; there are {', '.join(TABLE_NAMES)}")
    return everywhere | by_table


def parse_size(value: object) -> int:
    """Return a number of bytes: `10GB`, or a plain number; 0 is no limit.

    Raises:
        ValueError: the text is none of these, or too little for any database.
    """
    matched = _SIZE.fullmatch(str(value).strip().upper())
    if matched is None:
        raise ValueError("give a size such as 10GB")
    size = round(float(matched[1]) * _POWERS[matched[2]])
    if 0 < size < _LEAST_BYTES:
        raise ValueError("give at least 10MB: an empty database takes some of it")
    return size

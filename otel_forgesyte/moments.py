"""Points in time as applications hold them, turned into integer nanoseconds since the epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from datetime import datetime

Moment: TypeAlias = "datetime | float | str"
"""A point in time.

- `datetime`: an aware one is what it says; a naive one is UTC, never local time.
- `float` or `int` below 10^11: seconds since the epoch. `int` from 10^17 on: nanoseconds
  (from 1973). Whole numbers between are refused: they are milliseconds or microseconds, and
  guessing wrong would be off by a factor of a thousand.
- `str`: ISO 8601, with or without an offset; without one it is UTC.
"""

_LARGEST_SECONDS = 10**11
_SMALLEST_NANOSECONDS = 10**17

# The years 1 to 9999, as `datetime` and every database know them.
_FIRST_NANO = -62_135_596_800_000_000_000
_LAST_NANO = 253_402_300_799_999_999_999


def unix_nano(moment: Moment) -> int:
    """Nanoseconds since the epoch, UTC.

    Raises:
        ValueError: `moment` is none of the forms above, or not in the years 1 to 9999.
    """
    return within_calendar(_nanoseconds(moment))


def within_calendar(unix_nano: int) -> int:
    """The time itself.

    Raises:
        ValueError: it is not in the years 1 to 9999.
    """
    if _FIRST_NANO <= unix_nano <= _LAST_NANO:
        return unix_nano
    raise ValueError(f"{unix_nano} ns since the epoch is beyond the years 1 to 9999")


def _nanoseconds(moment: Moment) -> int:
    from datetime import datetime  # when a time is given: the module takes a millisecond to load

    if isinstance(moment, str):
        # Python 3.10 reads every offset but the letter Z.
        moment = datetime.fromisoformat(moment.strip().replace("Z", "+00:00"))
    if isinstance(moment, datetime):
        return _from_datetime(moment)
    if isinstance(moment, bool) or not isinstance(moment, (int, float)):  # pyright: ignore[reportUnnecessaryIsInstance] - callers are not all typed
        raise ValueError(f"a {type(moment).__name__} is not a point in time")  # noqa: TRY004
    if abs(moment) < _LARGEST_SECONDS:
        return round(moment * 1_000_000_000)
    if isinstance(moment, int) and moment >= _SMALLEST_NANOSECONDS:
        return moment
    raise ValueError(f"{moment!r} is neither seconds nor nanoseconds since the epoch")


def _from_datetime(moment: datetime) -> int:
    from datetime import datetime, timezone

    aware = moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment
    since_epoch = aware - datetime(1970, 1, 1, tzinfo=timezone.utc)
    # Whole parts, not total_seconds(): a float has no room for microseconds since 1970.
    seconds = since_epoch.days * 86_400 + since_epoch.seconds
    return seconds * 1_000_000_000 + since_epoch.microseconds * 1_000

"""Points in time as applications hold them."""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from otel_forgesyte.moments import unix_nano

if TYPE_CHECKING:
    from collections.abc import Iterator

NANO = 1_700_000_000_123_456_000


@pytest.fixture(params=["UTC", "Asia/Tokyo", "America/New_York"])
def zone(request: pytest.FixtureRequest) -> Iterator[str]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield request.param
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2023, 11, 14, 22, 13, 20, 123456, tzinfo=timezone.utc), NANO),
        (datetime(2023, 11, 14, 22, 13, 20, 123456), NANO),  # noqa: DTZ001 - naive is UTC
        (datetime(2023, 11, 15, 7, 13, 20, 123456, tzinfo=timezone(timedelta(hours=9))), NANO),
        ("2023-11-14T22:13:20.123456Z", NANO),
        ("2023-11-14T22:13:20.123456", NANO),
        ("2023-11-15T07:13:20.123456+09:00", NANO),
        (NANO, NANO),
        (1_700_000_000, 1_700_000_000_000_000_000),
        (1_700_000_000.5, 1_700_000_000_500_000_000),
        (0, 0),
        (-1.5, -1_500_000_000),
    ],
)
def test_every_form_gives_nanoseconds_whatever_the_local_zone(
    zone: str, moment: Any, expected: int
) -> None:
    assert unix_nano(moment) == expected, zone


@pytest.mark.parametrize(
    "moment",
    [1_700_000_000_123, 1_700_000_000_123_456, float("nan"), float("inf"), True, "soon", [], None],
)
def test_what_is_no_point_in_time_or_could_be_two_is_refused(moment: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each is refused in words of its own
        unix_nano(moment)

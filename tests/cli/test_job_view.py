"""One job on one screen, and its spans over time in characters."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
import typer

from otel_forgesyte.cli.cells import duration, moment
from otel_forgesyte.cli.timespan import parse_timespan
from otel_forgesyte.cli.waterfall import waterfall
from otel_forgesyte.reading import SpanNode

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Finished

    Run = Callable[..., Finished]


def _span(
    name: str, start_ms: int, length_ms: float, *children: SpanNode, status: str = "UNSET"
) -> SpanNode:
    absent: dict[str, Any] = dict.fromkeys(
        ("kind", "status_message", "error_type", "plugin", "tool", "device")
    )
    return SpanNode(
        trace_id="0" * 32,
        span_id="0" * 16,
        name=name,
        start_time=datetime(2026, 1, 2) + timedelta(milliseconds=start_ms),  # noqa: DTZ001 - naive UTC
        duration_ns=round(length_ms * 1e6),
        status_code=status,
        attributes={},
        children=children,
        **absent,
    )


def test_a_job_is_shown_with_everything_under_it(cli: Run, database: Path) -> None:
    finished = cli("job", "j1", "-d", database, COLUMNS="80")

    said = "forgesyte.device.selected  cpu used, gpu requested  no CUDA here"
    assert finished.code == 0
    assert finished.out.splitlines() == [
        "job j1: done in 1.2 s (plugin faces, device cpu)",
        "  began 2026-01-02 03:04:05.250 UTC, ended 2026-01-02 03:04:06.450 UTC",
        "",
        "Plugins",
        "  ok      faces.detect  100 ms",
        "  ok      faces.draw    40 ms",
        "",
        "Devices",
        "  faces: asked for gpu, fell back to cpu: no CUDA here",
        "",
        "Frames",
        "  2 drawn, 2 dropped; 1.6 ms on average, slowest 3.0 ms (frame 1)",
        "",
        "Spans",
        "  job faces               ████████████████████████████████████████  1.2 s",
        "  ├─ plugin faces.detect    ███                                     100 ms",
        "  │  └─ GET /model          ██                                      50 ms",
        "  └─ plugin faces.draw            ██                                40 ms",
        "",
        "Logs",
        f"  2026-01-02 03:04:05.300 INFO {said}",
    ]


def test_a_failed_job_says_why_and_a_running_one_has_no_end(cli: Run, database: Path) -> None:
    failed = cli("job", "j3", "-d", database).out
    running = cli("job", "stuck", "-d", database).out

    assert "job j3: error in 30 ms" in failed
    assert "  no face in this picture\n" in failed
    assert "  failed  faces.detect  20 ms\n" in failed
    assert "job stuck: running (plugin text" in running
    assert ", ended -\n" in running


def test_a_screen_shows_200_spans_and_50_logs_and_how_to_get_the_rest(
    cli: Run, database: Path
) -> None:
    with duckdb.connect(database) as connection:
        connection.execute(
            "INSERT INTO otel.spans BY NAME SELECT span_id * 1000 + n AS span_id, * EXCLUDE "
            "(span_id, n) FROM otel.spans, range(100) AS more(n)"
        )
        connection.execute("INSERT INTO otel.logs SELECT l.* FROM otel.logs l, range(99)")

    finished = cli("job", "j1", "-d", database)

    assert "… 204 more spans: --json gives all of them" in finished.out
    assert "… 50 more: --json gives all of them" in finished.out


def test_a_job_in_json_is_the_whole_tree(cli: Run, database: Path) -> None:
    job = json.loads(cli("job", "j1", "--json", "-d", database).out)

    assert list(job) == [
        "job_id", "plugin", "device", "status", "duration_ms", "created_at", "completed_at",
        "error_message", "plugins", "devices", "frames", "spans", "logs",
    ]  # fmt: skip
    assert job["spans"][0]["children"][0]["children"][0]["name"] == "GET /model"
    assert job["created_at"] == "2026-01-02T03:04:05.250000Z"


def test_where_the_output_is_not_unicode_the_tree_is_ascii(cli: Run, database: Path) -> None:
    finished = cli("job", "j1", "-d", database, PYTHONIOENCODING="latin-1", PYTHONUTF8="0")

    assert finished.code == 0
    assert finished.out.isascii()
    assert "|  `- GET /model" in finished.out
    assert "####" in finished.out


def test_the_bars_lie_where_the_spans_lay_in_time() -> None:
    root = _span("job", 0, 100, _span("first", 0, 25), _span("second", 25, 75))

    lines = waterfall([root], 46, ascii_only=True)

    assert [(line.label, line.bar, line.duration) for line in lines] == [
        ("job      ", "#" * 21, "100 ms"),
        ("|- first ", "#" * 5 + " " * 16, "25 ms"),
        ("`- second", " " * 5 + "#" * 16, "75 ms"),
    ]


def test_a_span_of_no_time_at_the_very_end_is_still_seen() -> None:
    lines = waterfall([_span("job", 0, 100, _span("last", 100, 0))], 60, ascii_only=True)

    assert lines[1].bar.endswith(" #")
    assert {len(line.bar) for line in lines} == {len(lines[0].bar)}


def test_a_span_whose_clock_was_set_back_is_still_seen() -> None:
    (line,) = waterfall([_span("job", 0, -5)], 60, ascii_only=True)

    assert line.bar.count("#") >= 1


def test_failed_spans_are_marked() -> None:
    lines = waterfall([_span("job", 0, 1, _span("x", 0, 1, status="ERROR"))], 60, ascii_only=True)

    assert [line.failed for line in lines] == [False, True]


def test_long_names_leave_room_for_the_bars() -> None:
    (line,) = waterfall([_span("n" * 200, 0, 1)], 80, ascii_only=False)

    assert len(line.label) == 48
    assert line.label.endswith("…")
    assert len(line.bar) >= 10


def test_no_spans_are_no_lines() -> None:
    assert waterfall([], 80, ascii_only=False) == []


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, "-"),
        (0, "0 µs"),
        (0.000_85, "850 µs"),
        (0.0123, "12.3 ms"),
        (0.85, "850 ms"),
        (1.5, "1.5 s"),
        (99.94, "99.9 s"),
        (245, "4 min 5 s"),
        (7260, "2 h 1 min"),
    ],
)
def test_durations_come_in_a_persons_units(seconds: float | None, shown: str) -> None:
    assert duration(seconds) == shown


def test_no_moment_is_a_dash() -> None:
    assert moment(None) == "-"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("90", 90), ("90s", 90), ("1.5m", 90), ("2h", 7200), ("1d", 86400), (" 10 M ", 600)],
)
def test_lengths_of_time_are_understood_as_people_type_them(text: str, expected: float) -> None:
    assert parse_timespan(text) == timedelta(seconds=expected)


@pytest.mark.parametrize("text", ["", "soon", "-5s", "1w", "9" * 400])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        parse_timespan(text)

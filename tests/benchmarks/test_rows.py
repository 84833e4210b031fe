"""The benchmarks' own arithmetic: quotients, differences, noise and verdicts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from benchmarks.harness import Measured
from benchmarks.report import report
from benchmarks.rows import Figure, Row, result
from benchmarks.surroundings import Surroundings
from benchmarks.table import as_json, legend, table

if TYPE_CHECKING:
    from benchmarks.rows import Comparison


def _row(comparison: Comparison = "ratio", must: float | None = 1.15) -> Row:
    return Row(
        key="P0",
        what="candidate",
        baseline_what="baseline",
        candidate=Figure("module:candidate", "us"),
        baseline=Figure("module:baseline", "us"),
        unit="µs",
        comparison=comparison,
        must=must,
        aim=1.0,
    )


def test_a_ratio_is_the_median_of_the_rounds_and_not_the_ratio_of_the_medians() -> None:
    measured = result(_row(), candidate=[10.0, 40.0, 33.0], baseline=[10.0, 20.0, 30.0])

    assert measured.rounds == pytest.approx((1.0, 2.0, 1.1))
    assert measured.value == pytest.approx(1.1)
    assert (measured.candidate, measured.baseline) == (33.0, 20.0)


def test_a_difference_is_taken_round_by_round() -> None:
    measured = result(_row("difference", 6.0), candidate=[5.0, 5.5, 6.0], baseline=[0.5, 0.5, 0.5])

    assert measured.rounds == (4.5, 5.0, 5.5)
    assert measured.reached(6.0) == "yes"
    assert measured.reached(4.0) == "no"


def test_the_spread_leaves_out_a_quarter_of_the_rounds_at_each_end() -> None:
    five = result(_row(), candidate=[1.0, 1.05, 9.0, 0.1, 1.04], baseline=[1.0] * 5)
    nine = result(_row(), candidate=[9.0, 8, 7, 6, 5, 4, 3, 2, 1], baseline=[1.0] * 9)

    assert five.spread == (1.0, 1.05)
    assert nine.spread == (3.0, 7.0)


def test_with_three_rounds_every_one_counts() -> None:
    measured = result(_row(), candidate=[1.0, 1.1, 1.2], baseline=[1.0] * 3)

    assert measured.spread == (1.0, 1.2)
    assert measured.reached(1.15) == "too close"


def test_a_limit_on_one_side_of_the_spread_is_reached_or_missed() -> None:
    measured = result(_row(), candidate=[1.02, 1.05, 1.1, 1.01, 1.04], baseline=[1.0] * 5)

    assert measured.reached(1.15) == "yes"
    assert measured.reached(1.0) == "no"


def test_a_limit_within_the_spread_is_too_close_to_say_however_near_the_rounds_are() -> None:
    wide = result(_row(), candidate=[0.8, 1.0, 1.1, 1.3, 1.9], baseline=[1.0] * 5)
    narrow = result(_row(), candidate=[1.13, 1.14, 1.145, 1.155, 1.16], baseline=[1.0] * 5)

    assert wide.reached(1.15) == "too close"
    assert narrow.reached(1.15) == "too close"


def test_three_rounds_of_four_decide() -> None:
    measured = result(_row(), candidate=[1.0, 1.0, 1.0, 1.5], baseline=[1.0] * 4)

    assert measured.reached(1.15) == "yes"


def test_noise_far_from_a_limit_leaves_the_verdict_alone() -> None:
    measured = result(_row(), candidate=[0.1, 0.2, 0.3, 0.4, 0.5], baseline=[1.0] * 5)

    assert measured.reached(1.15) == "yes"
    assert measured.reached(0.05) == "no"


def test_one_round_has_no_spread_and_a_row_without_a_limit_no_verdict() -> None:
    measured = result(_row(must=None), candidate=[3.0], baseline=[2.0])

    assert measured.spread == (1.5, 1.5)
    assert measured.reached(None) == ""


def test_a_speedup_has_to_be_at_least_its_limit() -> None:
    row = replace(_row("speedup"), must=20.0, aim=100.0)

    measured = result(row, candidate=[2.0, 2.0, 2.0], baseline=[60.0, 50.0, 62.0])

    assert measured.rounds == (30.0, 25.0, 31.0)
    assert (measured.reached(20.0), measured.reached(100.0)) == ("yes", "no")


def test_a_speedup_whose_limit_lies_within_the_spread_is_too_close_to_say() -> None:
    measured = result(
        replace(_row("speedup"), must=20.0), candidate=[1.0] * 4, baseline=[10.0, 19.0, 25.0, 40.0]
    )

    assert measured.reached(20.0) == "too close"
    assert measured.reached(18.0) == "yes"


def test_the_table_the_json_and_the_report_tell_the_same() -> None:
    measured = result(_row(), candidate=[3.0, 3.0], baseline=[2.0, 2.0])
    part = Measured([measured], {"module:candidate": {"us": 3.0}})
    where = Surroundings("python -m benchmarks P0", "scale 1", {"peer": {"package": "1.0"}})

    columns = table([measured]).columns
    whole = as_json([part], 2, where)
    record = whole["results"][0]
    written = report([part], ["export: it broke"], 2, where)

    shown = ["P0", "3.00", "2.00", "µs", "1.500 x", "≤ 1.15", "no", "≤ 1", "no", "1.500 to 1.500"]
    assert [next(iter(column.cells)) for column in columns] == shown
    assert f"| {' | '.join(shown)} |" in written
    assert legend([measured]) == ["P0: candidate / baseline"]
    assert "- P0: candidate / baseline" in written
    assert record["value"] == 1.5
    assert (record["must_reached"], record["aim_reached"]) == ("no", "no")
    assert record["rounds"] == [1.5, 1.5]
    assert record["spread"] == (1.5, 1.5)
    assert whole["figures"] == {"module:candidate": {"us": 3.0}}
    assert "- `module:candidate`: us 3.00" in written


def test_a_report_says_what_was_missed_and_what_was_not_measured() -> None:
    missed = result(_row(), candidate=[3.0, 3.0], baseline=[2.0, 2.0])
    close = result(
        replace(_row(), key="P99"), candidate=[0.8, 1.0, 1.1, 1.3, 1.9], baseline=[1.0] * 5
    )
    where = Surroundings("python -m benchmarks P0", "scale 1", {})

    written = report([Measured([missed, close], {})], ["export: no pip\nmore"], 2, where)

    assert "- must reached: none\n" in written
    assert "- **must missed**: P0 (≤ 1.15: 1.500 x, 1.500 to 1.500)\n" in written
    assert "too close to say" in written
    assert ": P99 (≤ 1.15: 1.100 x, 1.000 to 1.300)\n" in written
    assert "- **not measured**: export: no pip\n" in written
    assert "- command: python -m benchmarks P0\n" in written
    assert "load" in written
    assert "duckdb " in written

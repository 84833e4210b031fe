"""Every target has a row, and every row names what it is compared with."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

import benchmarks
from benchmarks.catalogue import ALL, MODULES, asked_for, rows_of, targets
from benchmarks.environments import peer_of, pinned
from benchmarks.rows import Row

_FOLDER = Path(benchmarks.__file__).parent
_ROWS = [row for module in MODULES for row in rows_of(module)]
_CASES = sorted({case for row in _ROWS for case in (*row.cases, *row.needs)})
_OURS = [case for case in _CASES if peer_of(case) is None]
_THEIRS = [case for case in _CASES if peer_of(case) is not None]


def _keys(*names: str) -> list[str]:
    return [row.key for rows in asked_for(names).values() for row in rows]


def test_every_target_of_the_design_has_a_row() -> None:
    assert targets() == tuple(f"P{number}" for number in range(1, 15))


def test_a_row_is_asked_for_by_its_target_its_module_or_all() -> None:
    assert _keys("P4") == ["P4", "P4 quiet", "P4 Arrow", "P4 Parquet"]
    assert _keys("export") == ["P4", "P5"]
    assert _keys("P12", "P5", "export") == ["P4", "P5", "P12", "P12 job"]
    assert _keys(ALL) == [row.key for row in _ROWS]


def test_no_two_rows_share_a_name() -> None:
    keys = [row.key for row in _ROWS]

    assert sorted(set(keys)) == sorted(keys)


@pytest.mark.parametrize("row", _ROWS, ids=lambda row: row.key)
def test_a_row_says_what_both_sides_are_and_measures_two_things(row: Row) -> None:
    assert len(row.what) > 10
    assert len(row.baseline_what) > 10
    assert row.candidate != row.baseline
    assert peer_of(row.candidate.case) is None
    assert row.must is None or row.aim is None or row.holds(row.aim, row.must)


@pytest.mark.parametrize("case", _OURS)
def test_a_case_of_ours_is_a_function_with_a_sentence(case: str) -> None:
    module, _, function = case.partition(":")

    assert getattr(import_module(f"benchmarks.{module}"), function).__doc__


@pytest.mark.parametrize("case", _THEIRS)
def test_a_case_of_a_peer_has_its_code_and_its_pins(case: str) -> None:
    module, _, function = case.partition(":")
    code = _FOLDER / f"{module.replace('.', '/')}.py"
    peer = peer_of(case)

    assert f"def {function}() -> Case:" in code.read_text(encoding="utf-8")
    assert peer is not None
    assert pinned(peer)
    assert all(version.count(".") >= 1 for version in pinned(peer).values())

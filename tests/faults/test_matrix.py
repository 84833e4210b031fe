"""The matrix names tests that exist, and every test of this folder."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.faults.matrix import MATRIX

_TESTS = Path(__file__).parents[1]
_NAMED = {name for row in MATRIX.values() for name in row.tests}


def _tests_in(module: Path) -> set[str]:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    found = (node.name for node in tree.body if isinstance(node, ast.FunctionDef))
    return {name for name in found if name.startswith("test_")}


def test_every_row_has_a_test_that_exists() -> None:
    assert sorted(MATRIX) == list(range(1, 20))
    for number, row in MATRIX.items():
        assert row.tests, number
        for name in row.tests:
            module, _, function = name.partition("::")
            assert function in _tests_in(_TESTS / module), name


def test_every_test_of_this_folder_stands_in_a_row() -> None:
    modules = (
        path for path in Path(__file__).parent.glob("test_*.py") if path.name != "test_matrix.py"
    )
    here = {f"faults/{module.name}::{name}" for module in modules for name in _tests_in(module)}
    assert here - _NAMED == set()

"""The guard of costs: what it catches, what it lets pass, and what it says where it cannot tell.

Changes are made in a copy of the packages, whose baseline is taken from it before: these hold with
any Python, DuckDB and OpenTelemetry, also those that the baseline in the tree is not for.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from benchmarks.guard import SUBJECTS
from benchmarks.guard_baseline import BASELINE, Baseline, Compared, Place, compared

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads Linux's /proc")

_PACKAGES = (
    "benchmarks",
    "otel_forgesyte",
    "otel_forgesyte_duckdb",
    "otel_forgesyte_prometheus",
    "otel_forgesyte_schema",
)


def _guard(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.guard", *arguments],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def _differing(ended: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """The verdicts other than "as it was", by the name of the count."""
    lines = [line.strip() for line in ended.stdout.splitlines()]
    verdicts = ("more", "less", "not in the baseline", "no longer counted")
    found = [(line, each) for line in lines for each in verdicts if line.endswith(each)]
    return {line.split("  ")[0]: verdict for line, verdict in found}


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of everything, with a baseline of its own."""
    root = tmp_path_factory.mktemp("unchanged")
    for package in _PACKAGES:
        file = import_module(package).__file__
        assert file is not None
        without = shutil.ignore_patterns("__pycache__")
        shutil.copytree(Path(file).parent, root / package, ignore=without)
    (root / "benchmarks" / "guard.json").unlink()
    ended = _guard(root, "--write", "decorated", "exported", "drained", "imported")
    assert (ended.returncode, ended.stderr) == (0, "")
    return root


@pytest.fixture
def copy(unchanged: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(unchanged, tmp_path / "copy"))


def _replace(file: Path, old: str, new: str) -> None:
    """Puts `new` in the first place where `old` stands."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_signature_looked_at_in_every_call_is_caught(copy: Path) -> None:
    begun = "        operation = begin(args, kwargs)\n"
    looked = "        inspect.signature(function)\n"
    _replace(copy / "otel_forgesyte" / "wrapping.py", begun, looked + begun)

    ended = _guard(copy, "decorated")

    assert ended.returncode == 1
    assert _differing(ended) == {
        "@plugin: own bytecodes": "more",
        "@plugin: own calls": "more",
        "@plugin: all bytecodes": "more",
        "@job: own bytecodes": "more",
        "@job: own calls": "more",
        "@job: all bytecodes": "more",
    }


def test_one_more_copy_of_the_attributes_is_caught(copy: Path) -> None:
    given = "SpanKind.INTERNAL, attributes"
    _replace(copy / "otel_forgesyte" / "operation.py", given, "SpanKind.INTERNAL, dict(attributes)")

    ended = _guard(copy, "decorated")

    assert ended.returncode == 1
    assert _differing(ended) == {
        "@plugin: own bytecodes": "more",
        "@job: own bytecodes": "more",
    }


def test_a_line_that_is_encoded_twice_is_caught(copy: Path) -> None:
    encoded = "text = dumps(body, default=_plain)"
    twice = "dumps(body, default=_plain); " + encoded
    _replace(copy / "otel_forgesyte_duckdb" / "lines.py", encoded, twice)

    ended = _guard(copy, "exported")

    assert ended.returncode == 1
    differing = _differing(ended)
    assert differing["export() of a span: own calls"] == "more"
    assert differing["export() of a span: own bytecodes"] == "more"


def test_a_segment_that_is_no_longer_synced_is_told_as_less(copy: Path) -> None:
    _replace(copy / "otel_forgesyte_duckdb" / "open_segment.py", "_sync(self._descriptor)", "pass")

    ended = _guard(copy, "exported")

    assert ended.returncode == 1
    assert _differing(ended)["export() of 15 batches: calls of fdatasync"] == "less"


def test_one_more_statement_in_a_batch_is_caught(copy: Path) -> None:
    asked = "known = already_stored(connection, batch)\n"
    again = "already_stored(connection, batch)\n            " + asked
    _replace(copy / "otel_forgesyte_duckdb" / "draining.py", asked, again)

    ended = _guard(copy, "drained")

    assert ended.returncode == 1
    assert _differing(ended)["drain of 4,096 spans: statements"] == "more"


def test_a_change_that_no_call_pays_for_passes(copy: Path) -> None:
    for file in ("otel_forgesyte/operation.py", "otel_forgesyte_duckdb/lines.py"):
        begun = "from __future__ import annotations\n"
        text = f"{begun}# One line more.\n_UNUSED = {{'made': 'once'}}\n"
        _replace(copy / file, begun, text)
    renamed = (copy / "otel_forgesyte" / "wrapping.py").read_text(encoding="utf-8")
    (copy / "otel_forgesyte" / "wrapping.py").write_text(
        renamed.replace("operation", "under_way").replace(
            "otel_forgesyte.under_way", "otel_forgesyte.operation"
        ),
        encoding="utf-8",
    )

    ended = _guard(copy, "decorated", "exported")

    assert (_differing(ended), ended.returncode) == ({}, 0), ended.stdout


def test_what_is_written_is_what_the_next_check_compares_with(copy: Path) -> None:
    begun = "from __future__ import annotations\n"
    _replace(copy / "otel_forgesyte" / "__init__.py", begun, begun + "import wave\n")

    before, written, after = (
        _guard(copy, *arguments)
        for arguments in (["imported"], ["imported", "--write"], ["imported"])
    )

    assert (before.returncode, _differing(before)) == (
        1,
        {
            "import otel_forgesyte: modules": "more",
            "configure and the decorators: modules": "more",
        },
    )
    assert (written.returncode, after.returncode, _differing(after)) == (0, 0, {})


def test_a_measurement_of_coverage_changes_no_count(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COVERAGE_PROCESS_START", str(copy / "none.toml"))
    (copy / "none.toml").write_text("", encoding="utf-8")

    ended = _guard(copy, "imported")

    assert (_differing(ended), ended.returncode) == ({}, 0), ended.stderr


def test_without_a_baseline_it_says_so_and_ends_with_2(copy: Path) -> None:
    file = copy / "benchmarks" / "guard.json"
    stored = json.loads(file.read_text(encoding="utf-8"))
    here = f"python {sys.version_info.major}.{sys.version_info.minor}"
    file.write_text(json.dumps({"python 2.7": stored[here]}), encoding="utf-8")

    ended = _guard(copy, "decorated")

    said = f"decorated: not compared: no baseline for {here}; there is one for python 2.7"
    assert (ended.returncode, ended.stdout.splitlines()[0]) == (2, said)


def test_counts_taken_with_another_sdk_are_not_compared(tmp_path: Path) -> None:
    baseline = Baseline(tmp_path / "guard.json")
    baseline.write(Place("python 3.11", {"opentelemetry-sdk": "1.45.2"}), "decorated", {"a: b": 1})

    found = baseline.counts(Place("python 3.11", {"opentelemetry-sdk": "1.46.0"}), "decorated")

    assert found == "the baseline was taken with opentelemetry-sdk 1.45.2, and here is 1.46.0"


def test_a_count_within_its_tolerance_is_as_it_was_and_one_beyond_is_not() -> None:
    assert Compared("call: own bytecodes", 500, 501).verdict == ""
    assert Compared("call: own bytecodes", 500, 502).verdict == "more"
    assert Compared("call: own bytecodes", 500, 498).verdict == "less"
    assert Compared("call: all bytecodes", 2_000, 2_040).verdict == ""
    assert Compared("call: all bytecodes", 2_000, 2_041).verdict == "more"
    assert Compared("batch: calls of fsync", 0, 1).verdict == "more"


def test_a_count_that_came_or_went_differs() -> None:
    assert [(each.name, each.verdict) for each in compared({"a": 1, "b": 2}, {"b": 2, "c": 3})] == [
        ("b", ""),
        ("c", "not in the baseline"),
        ("a", "no longer counted"),
    ]


def test_small_steps_that_are_written_one_by_one_still_add_up(tmp_path: Path) -> None:
    baseline, place = Baseline(tmp_path / "guard.json"), Place("python 3.11", {})

    for steps in (1_000, 1_001, 1_002):
        baseline.write(place, "decorated", {"call: own bytecodes": steps})

    assert baseline.counts(place, "decorated") == {"call: own bytecodes": 1_000}


def test_there_is_a_baseline_for_every_supported_python_and_duckdb() -> None:
    stored = json.loads(BASELINE.read_text(encoding="utf-8"))
    of_python = {name for name, each in SUBJECTS.items() if each.depends_on == "python"}

    assert {place: set(stored[place]["counts"]) for place in stored} == {
        "duckdb 1.5": {"drained"},
        "duckdb 2.0": {"drained"},
        "python 3.10": of_python,
        "python 3.11": of_python,
        "python 3.12": of_python,
        "python 3.13": of_python,
    }


def test_the_baseline_was_taken_with_the_versions_that_are_pinned() -> None:
    stored = json.loads(BASELINE.read_text(encoding="utf-8"))
    pinned = (BASELINE.parents[1] / "constraints.txt").read_text(encoding="utf-8").splitlines()

    taken_with = {
        f"{name}=={version}"
        for place in stored.values()
        for name, version in place["packages"].items()
        if name != "python"
    }

    assert len(taken_with) == 2
    assert taken_with <= set(pinned)


@pytest.mark.slow
def test_everything_costs_what_the_baseline_says() -> None:
    ended = _guard(BASELINE.parent.parent)

    if ended.returncode == 2:
        pytest.skip(ended.stdout)
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout

"""What departs from the registry layout is refused with its line, and never passed over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from registry.finding import RegistryError
from registry.lint import lint, main
from registry.model import load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("definition/2", "definition/1", "file_format: is not 'definition/2'"),
        ("spans:", "traces:", "traces: is no section that this registry reads"),
        ("unit: s\n    brief: Time of", "brief: Time of", "forgesyte.job.duration: has no `unit`"),
        ("kind: internal", "sort: internal", "forgesyte.job: has an unknown field `sort`"),
        ("kind: internal", "kind: inner", "forgesyte.job: `kind: inner` is not allowed"),
        ("instrument: counter", "instrument: meter", "forgesyte.job.retries: `instrument: meter`"),
        ("visibility: internal", "visibility: open", "borrowed: `visibility: open`"),
        ("stability: development", "stability: solid", "forgesyte.job.id: `stability: solid`"),
        ("unit: s\n\n", "units: s\n\n", "forgesyte.job.wait: has an unknown annotation `units`"),
        ("{id: done, value: done,", "{id: done,", "done: has no `value`"),
        ("type: forgesyte.job\n", "kind: internal\n", "the key 'kind' stands twice"),
        ("spans:", "spans: [", "expected the node content"),
    ],
)
def test_a_departure_from_the_layout_is_named(
    spoil: Callable[[str, str], list[str]], old: str, new: str, complaint: str
) -> None:
    assert any(complaint in found for found in spoil(old, new))


def test_a_finding_gives_file_line_name_problem_and_remedy(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = small / "all.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("kind: internal", "kind: inner"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    (finding,) = lint(small, tmp_path)
    assert str(finding) == (
        "schema/registry/all.yaml:41: forgesyte.job: `kind: inner` is not allowed: "
        "use one of client, consumer, internal, producer, server"
    )


def test_a_folder_without_a_registry_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match=r"holds no \*\.yaml file"):
        load(tmp_path)


def test_a_file_that_is_no_mapping_is_refused(small: Path) -> None:
    (small / "all.yaml").write_text("- only\n- a list\n", encoding="utf-8")
    with pytest.raises(RegistryError, match="is no mapping"):
        load(small)


def test_a_missing_manifest_is_refused(small: Path) -> None:
    (small / "manifest.yaml").unlink()
    with pytest.raises(RegistryError, match=r"manifest\.yaml"):
        load(small)


def test_the_linter_exits_with_0_in_order_and_with_1_after_a_finding(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--registry", str(small), "--root", str(tmp_path)]
    assert main(arguments) == 0
    (small / "all.yaml").write_text("file_format: definition/1\n", encoding="utf-8")
    assert main(arguments) == 1
    assert "start the file with `file_format: definition/2`" in capsys.readouterr().out

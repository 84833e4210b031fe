"""The generated module and page say what the YAML files say."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from otel_forgesyte import semconv
from registry.generate import FOLDER, ROOT, main, render

if TYPE_CHECKING:
    from enum import Enum
    from pathlib import Path


def _section(name: str) -> list[dict[str, Any]]:
    """The section of all files, read by PyYAML alone: nothing of the generator is trusted."""
    paths = sorted(FOLDER.glob("*.yaml"))
    documents = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in paths]
    return [entry for document in documents for entry in document.get(name, [])]


def _constants(prefix: str) -> dict[str, Any]:
    return {name: value for name, value in vars(semconv).items() if name.startswith(prefix)}


def _copy(tmp_path: Path) -> list[str]:
    """A copy of the registry and of what is generated, as the generator's arguments."""
    for name in render(FOLDER):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    folder = tmp_path / "schema" / "registry"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return ["--registry", str(folder), "--root", str(tmp_path)]


def test_the_generated_files_are_up_to_date() -> None:
    for name, text in render(FOLDER).items():
        assert (ROOT / name).read_text(encoding="utf-8") == text


def test_every_attribute_is_a_constant_and_every_constant_an_attribute() -> None:
    keys = [entry["key"] for entry in _section("attributes")]
    expected = {key.replace(".", "_").upper(): key for key in keys}
    assert _constants("FORGESYTE_") == expected


def test_every_borrowed_attribute_is_a_constant() -> None:
    keys = {
        reference["ref"]
        for group in _section("attribute_groups")
        for reference in group["attributes"]
        if not reference.get("ref", "forgesyte.").startswith("forgesyte.")
    }
    assert keys == {
        "code.function.name",
        "error.type",
        "exception.message",
        "exception.stacktrace",
        "exception.type",
        "otel.component.name",
        "otel.component.type",
        "service.instance.id",
        "service.name",
    }
    for key in keys:
        assert getattr(semconv, key.replace(".", "_").upper()) == key


def test_spans_and_events_are_constants() -> None:
    assert _constants("SPAN_") == {
        "SPAN_FORGESYTE_JOB": "forgesyte.job",
        "SPAN_FORGESYTE_PLUGIN": "forgesyte.plugin",
    }
    assert _constants("EVENT_") == {
        "EVENT_EXCEPTION": "exception",
        "EVENT_FORGESYTE_DEVICE_SELECTED": "forgesyte.device.selected",
    }


def test_the_members_of_an_enumeration_are_those_of_the_file() -> None:
    members: dict[str, list[Any]] = {
        entry["key"]: [member["value"] for member in entry["type"]["members"]]
        for entry in _section("attributes")
        if entry["type"] not in ("string", "int", "double", "boolean")
    }
    classes: dict[str, type[Enum]] = {
        "forgesyte.job.status": semconv.JobStatusValues,
        "forgesyte.operation.name": semconv.OperationNameValues,
    }
    assert {key: [one.value for one in kind] for key, kind in classes.items()} == members


def test_every_metric_is_an_instrument_with_what_the_file_says() -> None:
    instruments = _constants("METRIC_")
    for entry in _section("metrics"):
        annotation = entry.get("annotations", {}).get("otel_forgesyte", {})
        instrument = instruments.pop(f"METRIC_{entry['name'].replace('.', '_').upper()}")
        assert instrument.name == entry["name"]
        assert instrument.kind == entry["instrument"]
        assert instrument.unit == entry["unit"]
        assert instrument.description == entry["brief"]
        assert list(instrument.bounds or []) == annotation.get("bucket_bounds", [])
        assert list(instrument.exemplar_attributes) == annotation.get("exemplar_attributes", [])
    assert instruments == {}


def test_an_instrument_lists_the_attributes_of_its_groups() -> None:
    assert semconv.METRIC_FORGESYTE_OVERLAY_RENDER_DURATION.attributes == (
        "forgesyte.plugin.name",
        "forgesyte.device.name",
    )


def test_the_job_duration_is_the_instrument_that_dashboards_rely_on() -> None:
    expected = semconv.Instrument(
        name="forgesyte.job.duration",
        kind="histogram",
        unit="s",
        description="Time from the start of a job to its end.",
        bounds=(
            *(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
            *(10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0),
        ),
        attributes=(
            "forgesyte.plugin.name",
            "forgesyte.device.name",
            "forgesyte.job.status",
            "error.type",
        ),
    )
    assert expected == semconv.METRIC_FORGESYTE_JOB_DURATION


def test_the_generated_module_imports_the_standard_library_only() -> None:
    tree = ast.parse((ROOT / "otel_forgesyte" / "semconv.py").read_text(encoding="utf-8"))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Import)]
    assert modules <= sys.stdlib_module_names


def test_the_generated_module_is_formatted() -> None:
    module = ROOT / "otel_forgesyte" / "semconv.py"
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length=100", "--check", "-"],
        input=module.read_bytes(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_the_page_names_everything_with_its_prometheus_name() -> None:
    page = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    for entry in _section("attributes"):
        assert f"| `{entry['key']}` |" in page
    for section, field in (("spans", "type"), ("metrics", "name"), ("events", "name")):
        for entry in _section(section):
            assert f"### `{entry[field]}`" in page
    for name in (
        "forgesyte_job_duration_seconds",
        "forgesyte_job_active",
        "forgesyte_device_fallbacks_total",
    ):
        assert f"| `{name}` |" in page


def test_check_passes_on_a_copy_and_fails_once_a_name_changes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = _copy(tmp_path)
    assert main(["--check", *arguments]) == 0
    path = tmp_path / "schema" / "registry" / "plugin.yaml"
    text = path.read_text(encoding="utf-8")
    changed = text.replace("key: forgesyte.plugin.tool", "key: forgesyte.plugin.function")
    path.write_text(changed, encoding="utf-8")
    assert main(["--check", *arguments]) == 1
    shown = capsys.readouterr()
    assert '-FORGESYTE_PLUGIN_TOOL: Final = "forgesyte.plugin.tool"\n' in shown.out
    assert '+FORGESYTE_PLUGIN_FUNCTION: Final = "forgesyte.plugin.function"\n' in shown.out
    assert "run `python schema/registry/generate.py`" in shown.err


def test_check_fails_on_a_module_edited_by_hand_and_writes_nothing(tmp_path: Path) -> None:
    arguments = _copy(tmp_path)
    module = tmp_path / "otel_forgesyte" / "semconv.py"
    edited = module.read_text(encoding="utf-8") + "# mine\n"
    module.write_text(edited, encoding="utf-8")
    assert main(["--check", *arguments]) == 1
    assert module.read_text(encoding="utf-8") == edited
    assert main(arguments) == 0
    assert main(["--check", *arguments]) == 0


def test_check_fails_on_a_registry_that_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--check", "--registry", str(tmp_path)]) == 1
    assert "holds no *.yaml file" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["generate.py", "--check"], ["lint.py", "--help"]])
def test_the_commands_run_as_files_from_anywhere(tmp_path: Path, command: list[str]) -> None:
    script, *options = command
    done = subprocess.run(
        [sys.executable, "-W", "error", str(FOLDER / script), *options],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr

"""SQL and Python use the names of the registry, and Python takes them from `semconv`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from registry.lint import FOLDER, ROOT, lint

if TYPE_CHECKING:
    from pathlib import Path


def _found(small: Path, root: Path, name: str, text: str) -> list[str]:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    findings = lint(small, root)
    assert {finding.place.path for finding in findings} <= {path}
    return [f"{one.place.line}: {one.subject}: {one.problem}" for one in findings]


def test_our_registry_has_no_findings(tmp_path: Path) -> None:
    assert [str(finding) for finding in lint(FOLDER, tmp_path)] == []


def test_our_sources_have_no_findings() -> None:
    assert [str(finding) for finding in lint(FOLDER, ROOT)] == []


def test_sql_uses_names_that_exist(small: Path, tmp_path: Path) -> None:
    sql = "SELECT attributes ->> '$.\"forgesyte.job.id\"',\n  '$.\"forgesyte.job.ident\"'"
    assert _found(small, tmp_path, "schema/otel_forgesyte_schema/views/jobs.sql", sql) == [
        "2: forgesyte.job.ident: is not in the registry"
    ]


def test_sql_borrows_names_that_opentelemetry_defines(small: Path, tmp_path: Path) -> None:
    sql = "SELECT a ->> '$.\"error.type\"', a ->> '$.\"error.typ\"', a ->> '$.\"plain\"'"
    assert _found(small, tmp_path, "schema/otel_forgesyte_schema/views/jobs.sql", sql) == [
        "1: error.typ: is neither ours nor OpenTelemetry's"
    ]


def test_python_of_the_domain_writes_no_name_out(small: Path, tmp_path: Path) -> None:
    code = 'NAME = "forgesyte.job.id"\nTEXT = f"{NAME} or forgesyte.job.status"\n'
    assert _found(small, tmp_path, "otel_forgesyte/jobs.py", code) == [
        "1: forgesyte.job.id: is written as a bare string",
        "2: forgesyte.job.status: is written as a bare string",
    ]


def test_docstrings_and_comments_may_speak_of_names_that_exist(small: Path, tmp_path: Path) -> None:
    code = '"""Sets `forgesyte.job.id`, one of `forgesyte.job.*`."""\n# not forgesyte.job.nr\n'
    assert _found(small, tmp_path, "otel_forgesyte/jobs.py", code) == [
        "2: forgesyte.job.nr: is not in the registry"
    ]


def test_an_exporter_may_write_out_a_name_that_exists(small: Path, tmp_path: Path) -> None:
    code = 'DENIED = ("forgesyte.job.id", "forgesyte.job.ids")\n'
    assert _found(small, tmp_path, "exporters/otel_forgesyte_prometheus/labels.py", code) == [
        "1: forgesyte.job.ids: is not in the registry"
    ]


@pytest.mark.parametrize(
    "text",
    ["import otel_forgesyte.jobs", "x = 'https://forgesyte.example'", "y = 'me@forgesyte.dev'"],
)
def test_what_only_looks_like_a_name_is_left_alone(small: Path, tmp_path: Path, text: str) -> None:
    assert _found(small, tmp_path, "otel_forgesyte/jobs.py", f"{text}\n") == []


def test_the_generated_module_is_where_the_names_stand(small: Path, tmp_path: Path) -> None:
    assert _found(small, tmp_path, "otel_forgesyte/semconv.py", 'X = "forgesyte.job.id"\n') == []


def test_python_that_cannot_be_parsed_is_named(small: Path, tmp_path: Path) -> None:
    found = _found(small, tmp_path, "otel_forgesyte/jobs.py", "\ndef broken(:\n")
    assert found == ["2: jobs.py: is no Python"]

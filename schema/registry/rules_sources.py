"""Rules about the names in SQL and Python: they exist, and Python takes them from `semconv`."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from registry import upstream
from registry.finding import Finding, Place
from registry.model import NAMESPACE, is_ours

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from registry.model import Registry

GENERATED = "otel_forgesyte/semconv.py"

# Where a name may stand in Python only as a constant of the generated module.
_DOMAIN = "otel_forgesyte"
# Where a name may be written out, because the import rule keeps `semconv` away, but has to exist.
_OTHERS = ("exporters", "schema/otel_forgesyte_schema")

_NAME = re.compile(rf"(?<![\w.@/-]){NAMESPACE}(?:\.[a-z][a-z0-9_]*)+")
# `$."error.type"`: how SQL reaches into a column of attributes.
_JSON_PATH = re.compile(r'\$\."([a-z0-9_]+(?:\.[a-z0-9_]+)+)"')


def check_sources(registry: Registry, root: Path) -> Iterator[Finding]:
    """What in the sources below the root is at odds with the registry."""
    known = _known_names(registry)
    for path in _source_files(root):
        text = path.read_text(encoding="utf-8")
        yield from _check_existence(path, text, known)
        if path.suffix == ".sql":
            yield from _check_borrowed(path, text)
        if path.suffix == ".py" and path.relative_to(root).parts[0] == _DOMAIN:
            yield from _check_bareness(path, text)


def _source_files(root: Path) -> list[Path]:
    folders = [root / _DOMAIN, *(root / name for name in _OTHERS)]
    found = {path for folder in folders for path in folder.rglob("*.*")}
    return sorted(
        path
        for path in found - {root / GENERATED}
        if path.suffix in {".py", ".sql"} and path.is_file()
    )


def _known_names(registry: Registry) -> frozenset[str]:
    names = {one.key for one in registry.attributes} | {one.name for one in registry.signals}
    namespaces = {
        name.rsplit(".", parts)[0] for name in names for parts in range(1, name.count(".") + 1)
    }
    return frozenset(names | {f"{namespace}." for namespace in namespaces})


def _check_existence(path: Path, text: str, known: frozenset[str]) -> Iterator[Finding]:
    for number, line in enumerate(text.splitlines(), start=1):
        for match in _NAME.finditer(line):
            # `forgesyte.device.*` speaks of a namespace.
            suffix = "." if line.startswith(".*", match.end()) else ""
            if match.group() + suffix not in known:
                yield Finding(
                    Place(path, number),
                    match.group(),
                    "is not in the registry",
                    "define it in schema/registry, or correct the name",
                )


def _check_borrowed(path: Path, text: str) -> Iterator[Finding]:
    for number, line in enumerate(text.splitlines(), start=1):
        for name in _JSON_PATH.findall(line):
            if not is_ours(name) and name not in upstream.attribute_names():
                yield Finding(
                    Place(path, number),
                    name,
                    "is neither ours nor OpenTelemetry's",
                    "correct the name, or define it in schema/registry",
                )


def _check_bareness(path: Path, text: str) -> Iterator[Finding]:
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        yield Finding(Place(path, error.lineno or 1), path.name, "is no Python", "correct it")
        return
    prose = _docstrings(tree)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and node not in prose
            and (match := _NAME.search(node.value))
        ):
            yield Finding(
                Place(path, node.lineno),
                match.group(),
                "is written as a bare string",
                "use the constant of otel_forgesyte.semconv",
            )


def _docstrings(tree: ast.Module) -> set[ast.AST]:
    """Every string that stands alone as a statement: docstrings, and those below a field."""
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}

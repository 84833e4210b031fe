"""What stands in deploy/, read as those read it whom it is for."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tools import say_what_is_missing

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"

if not DEPLOY.is_dir():
    pytest.skip("deploy/ lies beside the package, not in it", allow_module_level=True)


def document(path: Path | str) -> Any:
    """The one YAML document of a file in deploy/, its merges done."""
    return yaml.safe_load((DEPLOY / path).read_text("utf-8"))


def documents(text: str) -> list[dict[str, Any]]:
    """All YAML documents of a text."""
    return [each for each in yaml.safe_load_all(text) if each]


def services(*names: str) -> dict[str, dict[str, Any]]:
    """The services of these compose files; a service of two files has what both say of it."""
    found: dict[str, dict[str, Any]] = {}
    for name in names or ("compose.yaml", "compose-duckdb.yaml"):
        for service, said in document(name)["services"].items():
            found.setdefault(service, {}).update(
                {key: _added(found[service].get(key), value) for key, value in said.items()}
            )
    return found


def _added(before: Any, value: Any) -> Any:
    if isinstance(before, dict):
        return before | value
    return before + value if isinstance(before, list) else value


def checker(module: str) -> Any:
    """A module of the extra `deploy`; without it the test is skipped, or fails where CI has it."""
    if find_spec(module.partition(".")[0]) is None:
        say_what_is_missing(f"no module {module}: pip install 'otel-forgesyte[deploy]'")
    return import_module(module)

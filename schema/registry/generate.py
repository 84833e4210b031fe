"""Write what follows from the registry: `python schema/registry/generate.py [--check]`.

Writes otel_forgesyte/semconv.py and docs/reference.md. With `--check` nothing is written: the
differences are printed, and the exit code is 1 when there are any.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if not __package__:
    # Run as a file: the folder above makes this one importable as `registry`.
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from registry.finding import RegistryError
from registry.model import load
from registry.render_docs import render_docs
from registry.render_python import render_python

if TYPE_CHECKING:
    from collections.abc import Sequence

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parents[1]


def render(folder: Path) -> dict[str, str]:
    """Each generated file's text by its path below the root.

    Raises:
        RegistryError: the registry in the folder cannot be read.
    """
    registry = load(folder)
    return {
        "otel_forgesyte/semconv.py": render_python(registry),
        "docs/reference.md": render_docs(registry),
    }


def difference(root: Path, name: str, text: str) -> str:
    """What writing the text would change in the file, as a unified diff; empty if nothing."""
    path = root / name
    current = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = difflib.unified_diff(
        current.splitlines(keepends=True),
        text.splitlines(keepends=True),
        f"{name} (as it is)",
        f"{name} (as the registry says)",
    )
    return "".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the generated files; 1 when a check finds a difference."""
    parser = argparse.ArgumentParser(description="Generate what follows from the registry.")
    parser.add_argument("--check", action="store_true", help="write nothing, show differences")
    parser.add_argument("--registry", type=Path, default=FOLDER, help="folder of the YAML files")
    parser.add_argument("--root", type=Path, default=ROOT, help="where the files are written")
    options = parser.parse_args(arguments)
    try:
        rendered = render(options.registry)
    except RegistryError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return _check(options.root, rendered) if options.check else _write(options.root, rendered)


def _check(root: Path, rendered: dict[str, str]) -> int:
    changes = [difference(root, name, text) for name, text in rendered.items()]
    sys.stdout.write("".join(changes))
    if any(changes):
        sys.stderr.write("Out of date: run `python schema/registry/generate.py` and commit.\n")
    return 1 if any(changes) else 0


def _write(root: Path, rendered: dict[str, str]) -> int:
    for name, text in rendered.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Generated files on disk: written, or compared with what would be written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import otel_forgesyte

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def write_files(folder: Path, texts: Mapping[str, str], mark: str) -> list[str]:
    """Write each text to its path below the folder; the names of the files that this changed.

    A file with the mark that is not among them was generated once, and is deleted.
    """
    changed = differing_files(folder, texts, mark)
    for name in changed:
        path = folder / name
        if name not in texts:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(texts[name], encoding="utf-8")
    return changed


def differing_files(folder: Path, texts: Mapping[str, str], mark: str) -> list[str]:
    """The names of files that differ from their text, are missing, or are there no longer."""
    differing = [name for name, text in texts.items() if _read(folder / name) != text]
    return sorted([*differing, *_outdated(folder, texts, mark)])


def _outdated(folder: Path, texts: Mapping[str, str], mark: str) -> Iterator[str]:
    for suffix in {Path(name).suffix for name in texts}:
        for path in folder.rglob(f"*{suffix}"):
            name = path.relative_to(folder).as_posix()
            if name not in texts and mark in (_read(path) or ""):
                yield name


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, IsADirectoryError, UnicodeDecodeError):
        return None


def stale_registry() -> str | None:
    """Which files do not say what the registry says, and what to do; None if all do.

    In a checkout only: an installed package has the generated names and no registry.
    """
    generator = Path(otel_forgesyte.__file__).parents[1] / "schema" / "registry" / "generate.py"
    if not generator.is_file():
        return None
    finished = subprocess.run(  # noqa: S603 - our own file
        [sys.executable, str(generator), "--check"], capture_output=True, text=True, check=False
    )
    if finished.returncode == 0:
        return None
    last = (finished.stderr.strip().splitlines() or ["it gave no reason"])[-1]
    return f"the registry in {generator.parent} and the names generated from it differ: {last}"

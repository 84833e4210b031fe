"""py-spy, which watches from outside what a process does, and who holds its GIL."""

from __future__ import annotations

import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import sizes

if TYPE_CHECKING:
    from benchmarks.harness import Case


def located() -> Case:
    """Leaves its path in the run's folder, for the cases that it watches."""
    found = Path(sysconfig.get_path("scripts")) / "py-spy"
    (sizes.data() / found.name).write_text(str(found), encoding="utf-8")
    return {"bytes": float(found.stat().st_size)}

"""The benchmarks lie beside the package, in no wheel: tested where they lie, or not at all."""

from __future__ import annotations

import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
collect_ignore_glob: list[str] = []

if (_ROOT / "benchmarks").is_dir():
    # Last, so that an installed wheel is still what is imported for everything else.
    sys.path.append(str(_ROOT))
else:
    collect_ignore_glob.append("test_*.py")

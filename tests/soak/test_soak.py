"""Twenty seconds of `python -m tests.soak`; five minutes and more are for a person to start."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_a_short_soak_loses_nothing_doubles_nothing_and_adds_up(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.soak"),
            *("--minutes", "0.3", "--seed", "7", "--keep", str(tmp_path / "soak")),
        ],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = dict(line.rsplit(maxsplit=1) for line in done.stdout.splitlines()[1:])
    assert int(figures["stored"]) > 1_000
    assert (figures["lost"], figures["duplicates"]) == ("0", "0")

"""What holds for every test, and pieces of Python beside one."""

from __future__ import annotations

import signal
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests import pythons

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# A shell that starts a job in the background (`&`) lets it ignore Ctrl-C, and so all it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def run_python(tmp_path: Path) -> pythons.RunPython:
    """Runs a piece of Python in a process of its own until it ends."""
    return partial(pythons.run_python, tmp_path)


@pytest.fixture
def start_python(tmp_path: Path) -> Iterator[pythons.StartPython]:
    """Starts a piece of Python beside the test; it is ended with the test."""
    with pythons.started_pythons(tmp_path) as start:
        yield start

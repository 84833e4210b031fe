from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

APPLICATION = Path(__file__).with_name("application.py")
RunProgram = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run_program(tmp_path: Path) -> RunProgram:
    """Runs Python in a fresh process in `tmp_path`; OTEL_* comes from the arguments alone."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_")}
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env={**inherited, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
def run_application(run_program: RunProgram) -> RunProgram:
    """Runs the application, calling `configure()` or below `opentelemetry-instrument`."""

    def run(*, instrumented: bool = False, **environment: str) -> subprocess.CompletedProcess[str]:
        launcher = str(Path(sys.executable).with_name("opentelemetry-instrument"))
        arguments = (
            [launcher, sys.executable, str(APPLICATION)]
            if instrumented
            else [str(APPLICATION), "--configure"]
        )
        finished = run_program(*arguments, **environment)
        assert finished.returncode == 0, finished.stderr
        return finished

    return run

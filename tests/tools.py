"""Programs that some tests run beside us: from Debian's packages, where they are installed."""

from __future__ import annotations

import os
import shutil

import pytest

REQUIRED = "OTEL_FORGESYTE_REQUIRE_TOOLS"


def tool(name: str, package: str) -> str:
    """The path of a program; without it the test is skipped, or fails where none may be missing."""
    found = shutil.which(name)
    if found is None:
        say_what_is_missing(f"{name} is not installed: apt-get install {package}")
    assert found
    return found


def say_what_is_missing(what: str) -> None:
    """Skip the test or module that needs it; fail where CI says that nothing may be missing."""
    if os.environ.get(REQUIRED):
        pytest.fail(what, pytrace=False)
    pytest.skip(what, allow_module_level=True)

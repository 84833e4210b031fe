"""What importing each module really loads, in a fresh process each time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import otel_forgesyte

_FOLDER = Path(otel_forgesyte.__file__).parent
_STEMS = [path.stem for path in _FOLDER.glob("[a-z]*.py")]
_MODULES = ["otel_forgesyte", *(f"otel_forgesyte.{stem}" for stem in _STEMS)]
_HEAVY = ("opentelemetry.sdk", "duckdb", "orjson", "prometheus_client", "typer", "rich", "PIL")


def _loaded_by(module: str) -> list[str]:
    program = f"import sys, {module}; print(*sys.modules)"
    # Measuring coverage in the subprocess would load modules of its own.
    environment = {key: value for key, value in os.environ.items() if "COVERAGE" not in key}
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    return finished.stdout.split()


@pytest.mark.parametrize("module", _MODULES)
def test_a_domain_module_loads_no_sdk_and_no_exporter(module: str) -> None:
    loaded = _loaded_by(module)
    assert [name for name in loaded if name.startswith(_HEAVY)] == []


def test_the_package_alone_loads_nothing_of_opentelemetry() -> None:
    loaded = _loaded_by("otel_forgesyte")
    assert [name for name in loaded if name.startswith("opentelemetry")] == []


def test_each_public_name_is_an_attribute_that_loads_when_asked_for() -> None:
    program = (
        "import otel_forgesyte as o, sys\n"
        "print({*o.__all__} <= {*dir(o)}, *({*o.__all__} & {*vars(o)}))\n"
        "from otel_forgesyte import *\n"
        "print(all(globals()[name] is vars(o)[name] for name in o.__all__))"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert finished.stdout.splitlines() == ["True", "True"]


def test_a_module_of_the_package_is_an_attribute_too() -> None:
    program = (
        "import otel_forgesyte as o\n"
        "print(o.telemetry.failures(), o.setup.__name__, hasattr(o, 'no_such_thing'))"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert finished.stdout == "{} otel_forgesyte.setup False\n"


def test_the_decorators_load_nothing_but_themselves_beside_the_api() -> None:
    # The schema package, and dataclasses, were most of what importing took beyond the API.
    program = "from otel_forgesyte import configure, frame, job, plugin, report_device"
    loaded = set(_loaded_by(f"otel_forgesyte; {program}")) - set(_loaded_by("opentelemetry.trace"))
    assert {name.partition(".")[0] for name in loaded} == {"otel_forgesyte"}


def test_the_duckdb_exporter_loads_no_duckdb() -> None:
    assert "duckdb" not in _loaded_by("otel_forgesyte_duckdb")


def test_the_schema_loads_the_standard_library_only() -> None:
    loaded = {name.partition(".")[0] for name in _loaded_by("otel_forgesyte_schema")}
    foreign = loaded - set(sys.stdlib_module_names) - {"__main__", "otel_forgesyte_schema"}
    assert {name for name in foreign if not name.startswith("_")} == set()


def test_importing_starts_no_thread_and_opens_no_file(tmp_path: Path) -> None:
    program = (
        "import os, threading, otel_forgesyte\n"
        "import sys; sys.exit(threading.active_count() - 1 or len(os.listdir()))"
    )
    finished = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=False)
    assert finished.returncode == 0

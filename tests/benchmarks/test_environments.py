"""Peers' environments: made once for a set of pins, and a failure is told."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks.environments import NotInstalled, install, peer_of, pinned, python_of

_PINS = {"orjson": "3.13.0", "python-json-logger": "4.2.0"}


def _environment(cache: Path) -> Path:
    return Path(python_of("peers.json_logger:formatted", cache)).parent.parent


def test_a_case_of_ours_runs_with_this_interpreter_and_a_peers_with_its_own(tmp_path: Path) -> None:
    assert peer_of("export:to_duckdb") is None
    assert python_of("export:to_duckdb", tmp_path) == sys.executable
    assert peer_of("peers.json_logger:formatted") == "json_logger"
    assert _environment(tmp_path).parent == tmp_path
    assert _environment(tmp_path).name.startswith("json_logger-")


def test_pins_are_read_from_the_peers_file() -> None:
    assert pinned("json_logger") == _PINS


def test_an_environment_that_was_finished_is_used_again(tmp_path: Path) -> None:
    done = _environment(tmp_path) / "installed.json"
    done.parent.mkdir()
    done.write_text(json.dumps(_PINS), encoding="utf-8")

    assert install("json_logger", tmp_path) == _PINS


def test_what_cannot_be_installed_is_told_with_what_was_written(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.write_text("no folder", encoding="utf-8")

    with pytest.raises(NotInstalled, match=r"json_logger could not be installed:\n(.|\n)*cache"):
        install("json_logger", cache)

"""What came from requests and exceptions reaches the reader, never the terminal's controls."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import duckdb
import pytest

from otel_forgesyte.cli.printable import escaped, shortened

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Finished

    Run = Callable[..., Finished]

# Retitle the terminal, colour, Rich's markup, a new line, reversed reading order, 8-bit CSI.
HOSTILE = "a\x1b]0;owned\x07\x1b[31m[bold]x[/bold]:smile:\nnext\tcell\u202egpj.exe\x9b2J"
SHOWN = r"a\x1b]0;owned\x07\x1b[31m[bold]x[/bold]:smile:\nnext\tcell\u202egpj.exe\x9b2J"


@pytest.fixture
def hostile(database: Path) -> Path:
    with duckdb.connect(database) as connection:
        connection.execute(
            "UPDATE job_metrics SET job_id = $t, plugin = $t, error_message = $t "
            "WHERE job_id = 'j3'",
            {"t": HOSTILE},
        )
        for table in ("plugin_metrics", "device_usage"):
            connection.execute(f"UPDATE {table} SET job_id = $t", {"t": HOSTILE})
        connection.execute("UPDATE plugin_metrics SET plugin = $t, tool = $t", {"t": HOSTILE})
        connection.execute("UPDATE device_usage SET device_used = $t", {"t": HOSTILE})
        connection.execute("UPDATE otel.spans SET job_id = $t, name = $t", {"t": HOSTILE})
        connection.execute(
            "UPDATE otel.logs SET job_id = $t, body = to_json($t), event_name = $t", {"t": HOSTILE}
        )
    return database


def _is_quiet(text: str) -> bool:
    """Only line breaks, tabs and printable characters."""
    return all(line.isprintable() for line in text.replace("\t", "").split("\n"))


@pytest.mark.parametrize(
    "arguments",
    [("jobs",), ("jobs", "--failed"), ("plugins",), ("devices",), ("job", HOSTILE),
     ("overlay", HOSTILE), ("sql", "FROM job_metrics"), ("job", HOSTILE + "?")],
)  # fmt: skip
def test_no_control_character_reaches_a_pipe(
    cli: Run, hostile: Path, arguments: tuple[str, ...]
) -> None:
    finished = cli(*arguments, "-d", hostile)

    assert _is_quiet(finished.out)
    assert _is_quiet(finished.err)
    assert len({line.count("\t") for line in finished.out.splitlines()}) <= 1


def test_the_text_is_shown_with_visible_escapes(cli: Run, hostile: Path) -> None:
    finished = cli("jobs", "--failed", "-d", hostile)

    assert finished.out.splitlines()[1].split("\t")[0] == SHOWN


@pytest.mark.parametrize("arguments", [("jobs", "--failed"), ("job", HOSTILE), ("devices",)])
def test_no_control_character_of_the_data_reaches_a_terminal(
    terminal: Run, hostile: Path, arguments: tuple[str, ...]
) -> None:
    finished = terminal(*arguments, "-d", hostile, COLUMNS="400")

    assert finished.code == 0
    # Rich itself sets bold; nothing that the data brought is left.
    assert "\x1b]" not in finished.out
    assert "\x1b[31m" not in finished.out
    assert not set(finished.out) & {"\x07", "\x9b", "\u202e"}
    assert "[bold]" in finished.out


def test_json_carries_the_very_text_with_controls_escaped(cli: Run, hostile: Path) -> None:
    finished = cli("jobs", "--failed", "--json", "-d", hostile)

    assert _is_quiet(finished.out)
    assert json.loads(finished.out)[0]["error_message"] == HOSTILE


def test_letters_of_every_script_stay_as_they_are() -> None:
    assert escaped("größe 顔 лицо 🙂") == "größe 顔 лицо 🙂"


def test_a_lone_surrogate_is_shown_and_not_refused() -> None:
    assert escaped("a\ud800b") == r"a\ud800b"


def test_long_text_is_cut_with_an_ellipsis() -> None:
    assert shortened("abcdef", 4) == "abc…"
    assert shortened("abcd", 4) == "abcd"

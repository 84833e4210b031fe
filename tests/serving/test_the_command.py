"""`otel-forgesyte serve` as its user meets it: where it listens, how it ends, what it refuses."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from otel_forgesyte_duckdb import DuckDBSpanExporter, reading
from tests.pythons import clean_environment
from tests.serving.conftest import send, send_json, serve_command
from tests.serving.test_answers import SPAN, one_span, traces
from tests.serving.test_the_same_rows import make_spans

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.serving.conftest import Served


def run(path: Path, *options: str, **environment: str) -> tuple[int, str]:
    """Run the command to its end; return its exit code and what it complained about."""
    finished = subprocess.run(
        serve_command(path, *options),
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return finished.returncode, finished.stderr.strip()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_and_stores_what_it_took_before_it_ends(
    serve: Callable[..., Served], number: signal.Signals
) -> None:
    served = serve(OTEL_EXPORTER_DUCKDB_FLUSH_INTERVAL="3600")
    assert served.lines == [
        f"database {served.path}, spool {served.path}.spool",
        f"OTLP/HTTP at http://127.0.0.1:{served.port}",
    ]
    assert send_json(served.port, "/v1/traces", traces(SPAN)).status == 200
    served.process.send_signal(number)
    assert served.end() == 0
    with reading(served.path) as connection:
        assert connection.execute("SELECT name FROM otel.spans").fetchall() == [("sale",)]
    assert [path.name for path in served.settings.spool.glob("*.seg")] == []


def test_it_drains_what_other_processes_leave_before_it_takes_anything_itself(
    serve: Callable[..., Served], tmp_path: Path
) -> None:
    exporter = DuckDBSpanExporter(database=tmp_path / "served.duckdb", drain="external")
    exporter.export(make_spans())
    exporter.shutdown()
    # Set for the applications of this machine; who serves drains all the same.
    served = serve(OTEL_EXPORTER_DUCKDB_DRAIN="external", OTEL_EXPORTER_DUCKDB_FLUSH_INTERVAL="0.1")
    deadline = time.monotonic() + 10
    while list(served.settings.spool.glob("*-spans-*.seg")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert served.end() == 0
    with reading(served.path) as connection:
        assert connection.execute("SELECT count(*) FROM otel.spans").fetchall() == [(5,)]


def test_a_port_that_is_taken_is_one_line_and_an_exit_code(
    serve: Callable[..., Served], tmp_path: Path
) -> None:
    served = serve()
    code, said = run(tmp_path / "other.duckdb", "--otlp-port", str(served.port))
    assert code == 2
    assert said == (
        f"otel-forgesyte: cannot listen on 127.0.0.1:{served.port}: another process listens there; "
        "choose another port with --otlp-port, 0 takes a free one"
    )


def test_a_host_that_others_reach_is_refused_without_a_token(tmp_path: Path) -> None:
    code, said = run(tmp_path / "a.duckdb", "--host", "0.0.0.0")  # noqa: S104 - refused
    assert code == 2
    assert said == (
        "otel-forgesyte: 0.0.0.0 can be reached from other machines, and anybody there could "
        "write: set OTEL_EXPORTER_DUCKDB_TOKEN or give --token-file, or listen on 127.0.0.1"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("address", ["::1", "[::1]:x", ":9494", "127.0.0.1:65536"])
def test_an_address_for_sql_that_is_none_is_named(tmp_path: Path, address: str) -> None:
    code, said = run(tmp_path / "a.duckdb", "--quack", address)
    assert code == 2
    assert said == (
        f"otel-forgesyte: cannot listen on '{address}': give HOST:PORT, as 127.0.0.1:9494 or"
        " [::1]:9494"
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [("\n", "is empty"), ("two words", "is no token"), ("zwölf", "is no token")],
)
def test_a_token_file_without_a_token_is_refused(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "token"
    file.write_text(content, encoding="utf-8")
    code, complaint = run(tmp_path / "a.duckdb", "--token-file", str(file))
    assert code == 2
    assert said in complaint
    assert "two" not in complaint
    code, complaint = run(tmp_path / "a.duckdb", "--token-file", str(tmp_path / "missing"))
    assert code == 2
    assert complaint.endswith("missing: No such file or directory")


def test_the_token_of_the_environment_is_asked_for_and_never_printed(
    serve: Callable[..., Served],
) -> None:
    served = serve(OTEL_EXPORTER_DUCKDB_TOKEN="s3cret-word")  # noqa: S106
    assert send(served.port, "/v1/traces", one_span()).status == 401
    bearer = {"Authorization": "bearer s3cret-word"}
    assert send(served.port, "/v1/traces", one_span(), headers=bearer).status == 200
    assert served.end() == 0
    assert "s3cret" not in "".join(served.lines)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs /proc")
def test_a_directory_that_cannot_be_written_to_is_one_line_and_an_exit_code() -> None:
    code, said = run("/proc/none/a.duckdb")  # type: ignore[arg-type]
    assert code == 2
    assert said.startswith("otel-forgesyte: cannot write to /proc/none: ")


def test_what_is_not_installed_is_named_with_the_way_to_install_it(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['starlette'] = None\nfrom otel_forgesyte.cli import main; main()"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program, "serve", "--database", str(tmp_path / "a.duckdb")],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 4
    assert finished.stderr.strip().endswith("pip install 'otel-forgesyte[serve]'")

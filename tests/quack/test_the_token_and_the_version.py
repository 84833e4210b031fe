"""What a token must not be found in, and what readers are told by a quack that is not theirs."""

from __future__ import annotations

import http.server
import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from otel_forgesyte.reading import QuestionRefused, ServerUnreachable, open_reader
from otel_forgesyte_schema.errors import ConfigError
from tests.quack.conftest import TOKEN
from tests.quack.messages import greet
from tests.quack.test_one_server_many_readers import command
from tests.scenarios.quack import missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.quack.conftest import Server

WRONG = "wrong-token-of-a-stranger"
ONLY_2 = b"server only supports version 2 of quack"
COMMANDS = ("doctor --json", "sql FROM_nothing")


def arguments_of(*processes: int) -> str:
    """What every user of the machine sees of processes."""
    return " ".join(Path(f"/proc/{each}/cmdline").read_text("utf-8") for each in processes)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc")
def test_the_token_is_in_no_arguments_no_output_no_error_and_no_file(
    serve: Callable[..., Server],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = serve()
    said = arguments_of(server.process.pid, server.holder)
    os.kill(server.holder, signal.SIGKILL)  # which is logged
    reader = open_reader(server.uri)
    assert reader.sql("SELECT 1").fetchall() == [(1,)]
    said += arguments_of(server.process.pid, server.holder) + repr(reader)
    for sql, error in (("FROM nothing", duckdb.Error), ("DELETE FROM jobs", QuestionRefused)):
        with pytest.raises(error) as raised:
            reader.sql(sql)
        said += str(raised.value)
    for token in (TOKEN, WRONG):
        monkeypatch.setenv("OTEL_EXPORTER_DUCKDB_TOKEN", token)
        for words in COMMANDS:
            _, out, told = command("--traceback", "--database", server.uri, *words.split())
            said += out + told
    assert server.end() == 0
    said += "".join(server.lines) + "".join(capfd.readouterr())
    assert "the process answering over quack ended" in said
    assert "does not know this token" in said
    assert TOKEN not in said
    assert WRONG not in said
    for file in server.path.parent.rglob("*"):
        assert file.is_dir() or TOKEN.encode() not in file.read_bytes()


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"])
def test_a_server_of_this_machine_is_not_asked_through_a_proxy(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    server = serve()
    monkeypatch.setenv(variable, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    for address in (server.uri, "quack:localhost", "quack:[::1]:9494"):
        with pytest.raises(ConfigError, match="which would see the token: set NO_PROXY="):
            open_reader(address)
    open_reader("quack:telemetry.example:9494")  # by HTTPS: the proxy sees nothing
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert open_reader(server.uri).sql("SELECT 1").fetchall() == [(1,)]


@pytest.fixture
def other_quack(serve: Callable[..., Server]) -> Iterator[str]:
    """A server that answers as the real one answers a client of another version."""
    real = serve()
    answer = greet(real.port, TOKEN, version=2)
    assert answer.is_refusal
    refusal = answer.message.replace(b"supports version 1", b"supports version 2")
    assert ONLY_2 in refusal

    class Answering(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", "application/vnd.duckdb")
            self.send_header("Content-Length", str(len(refusal)))
            self.end_headers()
            self.wfile.write(refusal)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            del format, args

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"quack:127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_server_of_another_version_is_named_with_what_to_install(other_quack: str) -> None:
    with pytest.raises(ServerUnreachable, match="another version of quack") as raised:
        open_reader(other_quack).job_summary()
    assert ONLY_2.decode() in str(raised.value)
    assert "DuckDB 1.5 and 2.0 do not understand each other" in str(raised.value)
    code, said, _ = command("--database", other_quack, "doctor")
    assert code == 1
    assert "-> pip install the duckdb that the server has, or correct the address" in said


def test_a_reader_whose_duckdb_has_no_quack_is_told_which_has() -> None:
    if not missing():
        pytest.skip("DuckDB has quack here")
    code, said, _ = command("--database", "quack:127.0.0.1:9494", "doctor")
    assert code == 1
    assert f"DuckDB {duckdb.__version__} has no extension 'quack' here" in said
    assert "pip install 'otel-forgesyte[shared]' 'duckdb==1.5.5' brings it" in said
    assert "-> do what is said there" in said

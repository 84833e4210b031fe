"""`uvicorn --workers`: processes that are spawned, not forked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.processes.servers import stored, uvicorn


@pytest.mark.parametrize("mode", ["thread", "child"])
def test_each_request_to_two_uvicorn_workers_is_one_row(database: Path, mode: str) -> None:
    with uvicorn(database, OTEL_EXPORTER_DUCKDB_DRAIN=mode) as server:
        answers = server.ask_often(200)
        assert not any(answer["duckdb"] for answer in answers if mode == "child")
        assert server.stop() == 0
    assert len(server.told) == 200
    assert stored(database) == server.told
    assert stored(database, "plugin_metrics") == server.told

"""A lake with a PostgreSQL of its own, for one scenario."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.targets.extensions import what_is_missing
from tests.targets.postgres import PostgresServer

if TYPE_CHECKING:
    from collections.abc import Callable


def on_a_lake(scenario: Callable[[PostgresServer, Path], int], say: Callable[[str], None]) -> int:
    """What the scenario returns, given the server and a folder; 2 where something is missing."""
    if missing := what_is_missing("ducklake", "postgres"):
        say(missing)
        return 2
    try:
        server = PostgresServer()
    except RuntimeError as error:
        say(str(error))
        return 2
    with tempfile.TemporaryDirectory(prefix="forgesyte-lake-") as folder:
        try:
            server.start()
            server.create("lake")
            return scenario(server, Path(folder))
        finally:
            server.close()

"""What a test reads back, written out as a user would ask for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from otel_forgesyte_duckdb import Settings, drain


def rows(database: Path, query: str) -> list[tuple[Any, ...]]:
    """The rows of one query over all that was recorded.

    A program's end has five seconds, which a busy machine can use up: the rest is in the spool.
    """
    drain(Settings(database=str(database)))
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(query).fetchall()


def phase8(database: Path) -> dict[str, list[tuple[Any, ...]]]:
    """The four domain tables without what differs from run to run (ids, times)."""
    return {
        "jobs": rows(
            database,
            "SELECT job_id, plugin, device, status, error_message, duration_ms IS NOT NULL"
            " FROM job_metrics ORDER BY job_id",
        ),
        "plugins": rows(
            database, "SELECT job_id, plugin, tool, success FROM plugin_metrics ORDER BY ALL"
        ),
        "overlays": rows(
            database,
            "SELECT job_id, frame_index, dropped_frames, fps FROM overlay_metrics ORDER BY ALL",
        ),
        "devices": rows(
            database,
            "SELECT job_id, device_requested, device_used, fallback FROM device_usage ORDER BY ALL",
        ),
    }


OF_THE_APPLICATION = {
    "jobs": [
        ("job-bad", "bad", "cpu", "error", "the image is corrupt", True),
        ("job-good", "good", "cpu", "done", None, True),
    ],
    "plugins": [("job-bad", "soft", None, False), ("job-good", "faces", "faces", True)],
    "overlays": [("job-good", index, 0, 25.0) for index in range(3)],
    "devices": [("job-bad", "cpu", "cpu", False), ("job-good", "gpu", "cpu", True)],
}

"""Completion of job ids in the shell."""

from __future__ import annotations

import contextlib

__all__ = ["job_ids"]

# A key press must not wait for a drain to let go of the file.
_PATIENCE_S = 0.3
_OFFERED = 50


def job_ids(incomplete: str) -> list[str]:
    """Ids of the latest jobs that begin so; none while the database cannot be read."""
    import duckdb

    from otel_forgesyte.reading import open_reader
    from otel_forgesyte_schema.errors import TelemetryError

    # A completion has nowhere to report to: whatever is wrong, the command itself will say it.
    with contextlib.suppress(TelemetryError, duckdb.Error, OSError):
        with open_reader(timeout_s=_PATIENCE_S) as reader:
            latest = reader.recent_jobs(_OFFERED).fetchall()
        return [row[0] for row in latest if row[0].startswith(incomplete)]
    return []

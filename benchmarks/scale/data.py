"""One database that grows: spans, and all that their drains would leave, made inside DuckDB."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import sizes
from benchmarks.spans import SPANS_A_JOB
from benchmarks.statements import statement

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from benchmarks.harness import Case

_PORTION_JOBS = 245_760
"""Jobs in a transaction: two row groups, so that two threads work, and eight of spans."""

_TABLES = ("spans", "job_metrics", "job_keys", "plugin_metrics", "segments")
_LIMITS = "SET memory_limit = '2GB'; SET threads = 2; SET preserve_insertion_order = true"
_GENERATED = "SELECT count(*) FROM otel.spans WHERE resource_id = md5('generated')::UUID"


def grow() -> Case:
    """As many spans as this step of the run asks for, those included that were there before."""
    from otel_forgesyte_duckdb.database import writing
    from otel_forgesyte_schema import bring_up_to_date, prepare

    with writing(path()) as connection:
        bring_up_to_date(connection, "benchmark")
        prepare(connection)
        connection.execute(_LIMITS)
        first = generated_jobs(connection)
        missing = max(0, sizes.stored_rows() - spans(connection)) // SPANS_A_JOB
        for number in range(first, first + missing, _PORTION_JOBS):
            _add(connection, number, min(number + _PORTION_JOBS, first + missing))
        connection.execute("CHECKPOINT")
    return {"added": float(missing * SPANS_A_JOB)}


def _add(connection: duckdb.DuckDBPyConnection, first: int, last: int) -> None:
    connection.execute("BEGIN")
    connection.execute(statement("scale_portion"), {"first": first, "last": last})
    for table in _TABLES:
        connection.execute(statement(f"scale_{table}"))
    connection.execute("COMMIT")


def generated_jobs(connection: duckdb.DuckDBPyConnection) -> int:
    """How many jobs were made here; the others came through the exporter."""
    ((found,),) = connection.execute(_GENERATED).fetchall()
    return int(found) // SPANS_A_JOB


def spans(connection: duckdb.DuckDBPyConnection) -> int:
    """How many spans the database holds."""
    ((found,),) = connection.execute("SELECT count(*) FROM otel.spans").fetchall()
    return int(found)


def path() -> Path:
    """The file that grows."""
    return sizes.data() / "scale.duckdb"

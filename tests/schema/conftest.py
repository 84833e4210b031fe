"""A real database in a file, and records as an exporter would write them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from otel_forgesyte_schema import apply, ingest, phase8_projections, prepare

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

Record = dict[str, Any]

# 2026-01-02 03:04:05 UTC
T0 = 1_767_323_045_000_000_000


def at(seconds: float) -> int:
    return T0 + round(seconds * 1_000_000_000)


@dataclass
class Records:
    """Builds segment lines. Times are seconds after 2026-01-02 03:04:05 UTC."""

    _ids: Iterator[int] = field(default_factory=lambda: count(1))

    def span(self, start: float, end: float | None, /, **fields: Any) -> Record:
        number = next(self._ids)
        line: Record = {
            "trace_id": f"{number:032x}",
            "span_id": number,
            "name": "work",
            "kind": "INTERNAL",
            "start_time_unix_nano": at(start),
            "end_time_unix_nano": None if end is None else at(end),
            "status_code": "UNSET",
            "attributes": {},
            "stored": end is not None,
        }
        return {**line, **fields}

    def job(
        self,
        job_id: str,
        start: float,
        end: float | None = None,
        /,
        attributes: Record | None = None,
        **fields: Any,
    ) -> Record:
        own = {"forgesyte.operation.name": "job", "forgesyte.job.id": job_id}
        return self.span(start, end, attributes={**own, **(attributes or {})}, **fields)

    def plugin(
        self,
        job_id: str | None,
        start: float,
        end: float | None,
        /,
        attributes: Record | None = None,
        **fields: Any,
    ) -> Record:
        own: Record = {"forgesyte.operation.name": "plugin", "forgesyte.plugin.name": "ocr"}
        if job_id is not None:
            own["forgesyte.job.id"] = job_id
        return self.span(start, end, attributes={**own, **(attributes or {})}, **fields)

    def log(self, when: float, /, **fields: Any) -> Record:
        return {"time_unix_nano": at(when), "attributes": {}, **fields}

    def device(
        self,
        job_id: str | None,
        when: float,
        requested: str | None,
        used: str | None,
        /,
        **attributes: Any,
    ) -> Record:
        own: Record = {
            "forgesyte.job.id": job_id,
            "forgesyte.device.requested": requested,
            "forgesyte.device.used": used,
        }
        present = {name: value for name, value in own.items() if value is not None}
        return self.log(
            when,
            event_name="forgesyte.device.selected",
            attributes={**present, **attributes},
        )

    def point(self, when: float, /, **fields: Any) -> Record:
        line: Record = {
            "metric_name": "requests",
            "metric_type": "sum",
            "time_unix_nano": at(when),
            "attributes": {},
        }
        return {**line, **fields}

    def frame(
        self, job_id: str, index: Any, when: float, value: Any, /, **attributes: Any
    ) -> Record:
        """One exemplar, as the frame stream carries it."""
        own = {"forgesyte.job.id": job_id, "forgesyte.frame.index": index}
        return {
            "time_unix_nano": at(when),
            "value": value,
            "filtered_attributes": {**own, **attributes},
        }

    def frames(self, *exemplars: Record) -> Record:
        return self.point(
            10,
            metric_name="forgesyte.overlay.frame.duration",
            metric_type="histogram",
            exemplars=list(exemplars),
        )


@dataclass
class Store:
    """A database and the way into it that the drainer takes."""

    connection: duckdb.DuckDBPyConnection
    directory: Path
    _files: Iterator[int] = field(default_factory=lambda: count(1))

    def write(self, signal: str, *lines: Record) -> int:
        """Ingest lines as one batch, projections included; return how many were read."""
        return self.write_file(signal, self.segment(lines))

    def write_file(self, signal: str, *paths: Path) -> int:
        self.connection.execute("BEGIN")
        try:
            read = ingest(self.connection, signal, [str(path) for path in paths])
            for projection in phase8_projections():
                if projection.signal == signal:
                    self.connection.execute(projection.sql)
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")
        return read

    def segment(self, lines: Iterable[Record]) -> Path:
        path = self.directory / f"{next(self._files)}.seg"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        return path

    def rows(self, sql: str, parameters: object = None) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: object = None) -> tuple[Any, ...]:
        (only,) = self.rows(sql, parameters)
        return only


@pytest.fixture
def records() -> Records:
    return Records()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "telemetry.duckdb"


@pytest.fixture
def connection(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Attached as the drainer does it: in memory, with the file beside, as current database."""
    with duckdb.connect(config={"threads": 1, "memory_limit": "256MB"}) as opened:
        opened.execute(f"ATTACH '{path}' AS db")
        opened.execute("USE db")
        yield opened


@pytest.fixture
def store(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> Store:
    apply(connection, "0.1.0")
    prepare(connection)
    return Store(connection, tmp_path)

"""Asking the database, without ever standing in the way of those who write to it."""

from __future__ import annotations

import os
from datetime import timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from otel_forgesyte.reading.assembly import assembled
from otel_forgesyte.reading.server import ServerSession, is_server
from otel_forgesyte.reading.session import Session
from otel_forgesyte_schema.errors import ConfigError, TelemetryError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType

    from duckdb import DuckDBPyRelation
    from typing_extensions import Self

    from otel_forgesyte.reading.detail import JobDetail

__all__ = ["NoSuchJob", "Reader", "open_reader"]


class NoSuchJob(TelemetryError, LookupError):  # noqa: N818 - reads as the fact it states
    """No job of this id was recorded."""


def open_reader(
    database: str | os.PathLike[str] | None = None,
    *,
    include_spool: bool = False,
    timeout_s: float = 10.0,
) -> Reader:
    """A reader of one database: the path or address given, else the exporter's own setting.

    An address such as ``quack:127.0.0.1:9494`` is that of an ``otel-forgesyte serve``: each
    question runs there. The token is ``OTEL_EXPORTER_DUCKDB_TOKEN``, or stands in the file that
    ``OTEL_EXPORTER_DUCKDB_TOKEN_FILE`` names.

    Each question opens the file, takes its rows and lets go: a reader may stay open for days and no
    writer waits for it. It waits up to ``timeout_s`` for whoever holds the file. Works in the
    application's own process, from any thread, and in others.

    ``include_spool`` adds what was recorded and has not reached the database yet. Every question
    then copies the database into memory and the waiting records into the copy, and holds the file
    meanwhile: fine for megabytes, not for gigabytes. Without it, records up to one flush interval
    old (a second, unless set otherwise) may be missing.

    A lake (``ducklake:postgres:…``) is read as a file is, from any machine that reaches it;
    ``include_spool`` is refused there, as a copy of a lake would be of everybody's records.

    Raises:
        ConfigError: the path, or a setting in the environment, cannot be used.
    """
    from otel_forgesyte_duckdb.settings import Settings, env_name

    named = os.environ.get(env_name("database"), "").strip() if database is None else database
    if isinstance(named, str) and is_server(named):
        if include_spool:
            raise ConfigError(f"the spool of {named} is on the server's machine: ask without it")
        return Reader(ServerSession.resolve(named, timeout_s), named)
    given = {} if database is None else {"database": database}
    settings = Settings.resolve(**given)
    session = Session(settings, timeout_s, include_spool=include_spool)
    return Reader(session, settings.database_path if settings.lake is None else settings.target)


class Reader:
    """The questions people ask first, and any other in SQL; made by :func:`open_reader`.

    Answers are DuckDB relations over rows already taken: ``.fetchall()``, ``.df()``, ``.pl()`` and
    ``.arrow()`` work as long as the relation lives, the reader closed or not. Times are naive UTC.

    Every question raises ``NoDatabase`` where there is no file, ``DatabaseLocked`` where it stays
    held, and ``SchemaMismatch`` where another version wrote it (:meth:`sql` does not look). Asking
    a server, ``ServerUnreachable``, ``TokenRefused`` or ``QuestionRefused``.
    """

    def __init__(self, session: Session | ServerSession, database: Path | str) -> None:
        self._asking = session
        self._database = database
        self._closed = False

    @property
    def database(self) -> Path | str:
        """The database file, absolute; or the address of the server that has it."""
        return self._database

    def job_summary(self) -> DuckDBPyRelation:
        """How many jobs of each plugin ended how, with their average duration."""
        return self._ask("job_summary")

    def avg_plugin_duration(self) -> DuckDBPyRelation:
        """Average, p50, p95, p99 and maximum milliseconds of each plugin and tool."""
        return self._ask("plugin_duration")

    def summary(self, per: str = "hour", since: datetime | None = None) -> DuckDBPyRelation:
        """Runs, error rate and durations by period and plugin, also where retention deleted rows.

        ``per`` is minute, hour, day, week or month; ``since`` naive UTC. Quantiles are within 1 %.
        """
        return self._ask("summary", {"per": per, "since": since})

    def overlay_performance(self, job_id: str) -> DuckDBPyRelation:
        """The rendered frames of one job, in order; no rows for a job that drew none."""
        return self._ask("overlay_performance", {"job_id": str(job_id)})

    def device_usage_stats(self) -> DuckDBPyRelation:
        """Devices asked for against devices used, with counts and fallback rate."""
        return self._ask("device_usage")

    def running_jobs(self, older_than: timedelta | float | None = None) -> DuckDBPyRelation:
        """Jobs that have not ended, the oldest first; ``older_than`` is a timedelta or seconds.

        A job whose process died stays here: its age is what gives it away.
        """
        seconds = older_than.total_seconds() if isinstance(older_than, timedelta) else older_than
        return self._ask("running_jobs", {"older_than_s": seconds or 0.0})

    def recent_jobs(self, limit: int = 20, *, status: str | None = None) -> DuckDBPyRelation:
        """The jobs begun last, one a row, the latest first; optionally of one status only."""
        sql = (files("otel_forgesyte.reading") / "recent_jobs.sql").read_text(encoding="utf-8")
        return self._session().answer(sql, {"limit": limit, "status": status})

    def job(self, job_id: str) -> JobDetail:
        """Everything about one job: its row, plugins, devices, frames, spans as a tree, and logs.

        Raises:
            NoSuchJob: no job of this id was recorded.
        """
        with self._session().open() as connection:
            detail = assembled(connection, str(job_id))
        if detail is None:
            raise NoSuchJob(
                f"no job {job_id!r} in {self.database}; try `otel-forgesyte jobs --latest 20`"
            )
        return detail

    def sql(
        self, query: str, params: Sequence[Any] | Mapping[str, Any] | None = None
    ) -> DuckDBPyRelation:
        """The answer to any SQL, its parameters bound; of several statements, the last one's.

        The database is attached read-only, so nothing here changes it. Beyond that the SQL may do
        what DuckDB may, files included: do not pass on what strangers wrote.

        Raises:
            duckdb.Error: the SQL is wrong.
        """
        return self._session().answer(query, params, any_version=True)

    def close(self) -> None:
        """Refuse further questions; relations handed out stay valid. Twice is harmless."""
        self._closed = True
        self._asking.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _ask(self, name: str, params: Mapping[str, Any] | None = None) -> DuckDBPyRelation:
        from otel_forgesyte_schema import query

        return self._session().answer(query(name), params)

    def _session(self) -> Session | ServerSession:
        if self._closed:
            raise ValueError("this reader is closed; open another one")
        return self._asking

"""One question's connection: the file, or a copy of it with the spool added, and its answer."""

from __future__ import annotations

import contextlib
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any

from otel_forgesyte.reading import spooled
from otel_forgesyte.reading.attachment import attached, target_attached
from otel_forgesyte.reading.instance import Instance
from otel_forgesyte.reading.versions import readable_version

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from duckdb import DuckDBPyConnection, DuckDBPyRelation

    from otel_forgesyte_duckdb import Settings

__all__ = ["Session"]


@dataclass(frozen=True, slots=True)
class Session:
    """How questions reach one database; opened anew for each, so no file stays open between."""

    settings: Settings
    timeout_s: float
    _: KW_ONLY
    include_spool: bool
    instance: Instance = field(default_factory=Instance, compare=False)

    def answer(
        self,
        sql: str,
        params: Sequence[Any] | Mapping[str, Any] | None,
        *,
        any_version: bool = False,
    ) -> DuckDBPyRelation:
        """Run the SQL, let go of the file, and return a relation over the rows."""
        # What a user's SQL sets, attaches or makes ends with its answer: asked again, it is as new.
        instance = Instance() if any_version else self.instance
        name = instance.name_for_an_answer()
        with self._opened(instance, any_version=any_version) as connection:
            _keep(connection, sql, params, name)
        # The relation keeps its connection alive, and with it the rows.
        answer = connection.table(f"memory.main.{name}")
        instance.keeps(len(answer))
        return answer

    def open(self) -> AbstractContextManager[DuckDBPyConnection]:
        """Yield a connection whose database in use holds what this session reads."""
        return self._opened(self.instance)

    def close(self) -> None:
        """Keep nothing for further questions; answers given stay valid."""
        self.instance.begin_anew()

    @contextlib.contextmanager
    def _opened(
        self, instance: Instance, *, any_version: bool = False
    ) -> Generator[DuckDBPyConnection]:
        if self.include_spool:
            with self._with_spool() as connection:
                yield connection
            return
        with target_attached(self.settings, self.timeout_s, instance) as connection:
            if not any_version:
                readable_version(connection, self.settings.target)
            yield connection

    @contextlib.contextmanager
    def _with_spool(self) -> Generator[DuckDBPyConnection]:
        """As :meth:`open`, over a copy; the file is let go before the question is asked."""
        path, spool = self.settings.database_path, self.settings.spool
        if not path.exists() and spool.is_dir():
            connection = spooled.empty_copy()
            spooled.add_spool(connection, spool)
        else:
            with attached(path, self.timeout_s) as connection:
                readable_version(connection, path)
                spooled.copy_database(connection)
                spooled.add_spool(connection, spool)
        connection.execute("USE snapshot")
        yield connection


def _keep(
    connection: DuckDBPyConnection,
    sql: str,
    params: Sequence[Any] | Mapping[str, Any] | None,
    name: str,
) -> None:
    """Take the rows of the answer into this table of the ``memory`` catalog."""
    # Through the relation, not CREATE TABLE AS: it also takes the rows of SHOW, PRAGMA, EXPLAIN
    # and of the last of several statements.
    relation = connection.sql(sql, params=params) if params else connection.sql(sql)
    # The stubs say it never is; a statement without rows (COPY, SET, nothing at all) gives None.
    if relation is None:  # pyright: ignore[reportUnnecessaryComparison]
        relation = connection.sql('SELECT true AS "Success" LIMIT 0')
    relation.create(f"memory.{name}")

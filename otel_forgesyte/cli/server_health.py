"""``doctor`` and ``status`` of a server that is asked over quack: what can be told from here."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from otel_forgesyte.cli import environment, output
from otel_forgesyte.cli.database_health import Problem
from otel_forgesyte.cli.exits import ExitCode
from otel_forgesyte.reading.server import (
    OtherVersion,
    ServerSession,
    ServerUnreachable,
    TokenRefused,
    is_server,
)
from otel_forgesyte_schema.errors import ConfigError, SchemaMismatch, SchemaTooNew

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["address_in", "doctor_of_server", "status_of_server"]

_PATIENCE_S = 2.0
_STORED = """
SELECT coalesce(sum(stored), 0)::BIGINT FROM otel.segments
WHERE signal IN ('spans', 'metric_points', 'logs')
"""
_DROPPED = "SELECT reason, sum(count)::BIGINT FROM otel.loss_ledger GROUP BY reason ORDER BY reason"


@dataclass(frozen=True, slots=True)
class ServerDiagnosis:
    """What was found; `schema_version` is None where the server could not be asked."""

    server: str
    schema_version: int | None
    dropped: Mapping[str, int]
    versions: Mapping[str, str | None]
    problems: tuple[Problem, ...]


def address_in(database: str | None) -> str | None:
    """Return the server that the option or the environment names; None where it is a file."""
    from otel_forgesyte_duckdb.settings import env_name

    named = database or os.environ.get(env_name("database"), "").strip()
    return named if is_server(named) else None


def status_of_server(uri: str, *, as_json: bool) -> ExitCode:
    """Tell what its database holds; what waits in its spool is told on its own machine."""
    session = ServerSession.resolve(uri, _PATIENCE_S)
    [[stored]] = session.execute(_STORED).fetchall()
    dropped = {reason: int(count) for reason, count in session.execute(_DROPPED).fetchall()}
    if as_json:
        output.json_document({"server": uri, "stored": stored, "dropped": dropped})
        return ExitCode.OK
    each = [(f"dropped: {reason}", count) for reason, count in dropped.items()]
    output.pairs([("server", uri), ("stored", stored), ("dropped", sum(dropped.values())), *each])
    output.note(
        "what waits in the spool is told by `otel-forgesyte status` on the server's machine"
    )
    return ExitCode.OK


def doctor_of_server(uri: str, *, as_json: bool) -> ExitCode:
    """Tell whether questions can be asked from here, and if not, what to do; 1 if not."""
    found = _diagnosed(uri)
    if as_json:
        output.json_document(found)
    else:
        dropped = ((f"lost: {reason}", count) for reason, count in found.dropped.items())
        output.pairs([("server", uri), ("schema version", found.schema_version), *dropped])
        for problem in found.problems:
            output.line(problem.what)
            output.line(f"   -> {problem.remedy}")
        if not found.problems:
            output.line("nothing to do: all is well")
    return ExitCode.FINDING if found.problems else ExitCode.OK


def _diagnosed(uri: str) -> ServerDiagnosis:
    problems: list[Problem] = []
    version: int | None = None
    dropped: dict[str, int] = {}
    try:
        session = ServerSession.resolve(uri, _PATIENCE_S)
        version = session.version()
        dropped = {reason: int(count) for reason, count in session.execute(_DROPPED).fetchall()}
    except TokenRefused as error:
        problems.append(Problem(str(error), "set the token as it says there"))
    except OtherVersion as error:
        remedy = "pip install the duckdb that the server has, or correct the address"
        problems.append(Problem(str(error), remedy))
    except ServerUnreachable as error:
        remedy = "start `otel-forgesyte serve` there, or correct the address"
        problems.append(Problem(str(error), remedy))
    except SchemaTooNew as error:
        problems.append(Problem(str(error), "pip install --upgrade otel-forgesyte"))
    except SchemaMismatch as error:
        problems.append(Problem(str(error), "install the otel-forgesyte that the server has"))
    except ConfigError as error:  # no extension, no address, or a server that answers less
        problems.append(Problem(str(error), "do what is said there"))
    if dropped:
        what = f"{sum(dropped.values())} records were lost"
        problems.append(Problem(what, "otel-forgesyte sql 'FROM otel.loss_ledger' says which"))
    return ServerDiagnosis(uri, version, dropped, environment.installed(), tuple(problems))

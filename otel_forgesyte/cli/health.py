"""``doctor`` and ``status``: is everything as it should be, and where is every record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otel_forgesyte.cli import output
from otel_forgesyte.cli.cells import duration
from otel_forgesyte.cli.exits import ExitCode
from otel_forgesyte.cli.invocation import Invocation, answers_in_text
from otel_forgesyte.cli.server_health import address_in, doctor_of_server, status_of_server

if TYPE_CHECKING:
    from collections.abc import Sequence

    import typer

    from otel_forgesyte.cli.diagnosis import Diagnosis
    from otel_forgesyte_duckdb import StoreStatus

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add this module's commands to the application."""
    app.command("doctor")(answers_in_text(doctor))
    app.command("status")(answers_in_text(status))


def doctor(invocation: Invocation) -> ExitCode:
    """Configuration as understood, database, spool, losses, port, versions; and what to do.

    Ends with 1 when something is wrong.
    """
    from otel_forgesyte.cli.diagnosis import diagnose

    if uri := address_in(invocation.database):
        return doctor_of_server(uri, as_json=invocation.as_json)
    diagnosis = diagnose(invocation.database)
    if invocation.as_json:
        output.json_document(diagnosis)
    else:
        _show(diagnosis)
    return ExitCode.FINDING if diagnosis.problems else ExitCode.OK


def status(invocation: Invocation) -> ExitCode:
    """Where every accepted record is: stored, in the spool, set aside, or dropped and why.

    Ends with 1 when some are nowhere: `unaccounted` says how many.
    """
    from otel_forgesyte_duckdb import store_status

    if uri := address_in(invocation.database):
        return status_of_server(uri, as_json=invocation.as_json)
    settings = invocation.settings()
    found = store_status(settings)
    if invocation.as_json:
        from dataclasses import asdict

        output.json_document({**asdict(found), "unaccounted": found.unaccounted})
    else:
        output.pairs(_status_pairs(found, exists=not settings.is_missing))
    return ExitCode.FINDING if found.unaccounted else ExitCode.OK


def _status_pairs(found: StoreStatus, *, exists: bool) -> list[tuple[str, object]]:
    why = "another process holds the database" if exists else "there is no database yet"
    unknown = f"unknown: {why}"
    missing = [("unaccounted", found.unaccounted)] if found.unaccounted else []
    return [
        ("accepted", unknown if found.accepted is None else found.accepted),
        ("stored", unknown if found.stored is None else found.stored),
        ("spooled", found.spooled_lines),
        ("dead", found.dead_lines),
        ("dropped", sum(found.dropped.values())),
        *((f"dropped: {reason}", count) for reason, count in sorted(found.dropped.items())),
        *missing,
        ("spool segments", found.spooled_segments),
        ("spool bytes", found.spooled_bytes),
        ("oldest segment", duration(found.oldest_segment_age_s)),
        ("drainer", f"process {found.drainer}" if found.drainer else "none"),
    ]


def _show(diagnosis: Diagnosis) -> None:
    columns = ("setting", "variable", "value", "source")
    rows = [
        (each.setting, each.variable, each.value, each.source) for each in diagnosis.configuration
    ]
    output.section("Configuration")
    output.rows(columns, rows)
    output.section("Database")
    output.pairs(_database_pairs(diagnosis))
    if diagnosis.spool is not None:
        output.section("Records")
        exists = diagnosis.database is not None and diagnosis.database.exists
        pairs = _status_pairs(diagnosis.spool, exists=exists)
        output.pairs([("spool", diagnosis.spool_directory), *pairs])
    if diagnosis.port is not None:
        output.section("Metrics page")
        output.pairs(_port_pairs(diagnosis))
    output.section("Versions")
    output.pairs([(name, found or "not installed") for name, found in diagnosis.versions.items()])
    _show_problems(diagnosis)


def _database_pairs(diagnosis: Diagnosis) -> Sequence[tuple[str, object]]:
    found = diagnosis.database
    if found is None:
        return [("database", "unknown: a setting is wrong")]
    pairs: list[tuple[str, object]] = [("file", found.path), ("exists", found.exists)]
    if found.exists:
        pairs += [
            ("size in bytes", found.size_bytes),
            ("schema version", found.schema_version),
            ("schema differences", len(found.drift)),
        ]
    return [*pairs, *((f"lost {loss.signal}: {loss.reason}", loss.count) for loss in found.losses)]


def _port_pairs(diagnosis: Diagnosis) -> Sequence[tuple[str, object]]:
    port = diagnosis.port
    if port is None:
        return []
    served = "yes" if port.wanted else "no: OTEL_METRICS_EXPORTER does not name prometheus"
    state = "taken" if port.in_use else "free"
    found = () if diagnosis.database is None else diagnosis.database.explosions
    return [
        ("configured", served),
        (f"{port.host}:{port.port}", state),
        ("who may scrape", port.open_to),
        *(
            (f"exploded: {each.metric}", f"{each.attribute}, {each.values} values")
            for each in found
        ),
    ]


def _show_problems(diagnosis: Diagnosis) -> None:
    output.section("What to do")
    if not diagnosis.problems:
        output.line("nothing: all is well")
    for number, problem in enumerate(diagnosis.problems, start=1):
        output.line(f"{number}. {problem.what}")
        output.line(f"   -> {problem.remedy}")

"""``maintain``: keep a lake in shape, from any one machine, now and then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from otel_forgesyte.cli import output
from otel_forgesyte.cli.invocation import Invocation, answers_in_text

if TYPE_CHECKING:
    from otel_forgesyte_duckdb.lake_maintenance import Maintained

__all__ = ["register"]

KeepDays = Annotated[
    float, typer.Option("--keep-days", metavar="DAYS", min=0, help="Older snapshots of it go.")
]


def register(app: typer.Typer) -> None:
    """Add this module's command to the application."""
    app.command("maintain")(answers_in_text(maintain))


def maintain(invocation: Invocation, *, keep_days: KeepDays = 7.0) -> None:
    """Write a lake's inlined rows to files, merge small files, and drop old snapshots."""
    done = _maintained(invocation, keep_days)
    if invocation.as_json:
        output.json_document(done)
    else:
        output.line(
            f"{done.flushed_tables} tables flushed, {done.files_before} files are now "
            f"{done.files_after}; {done.expired_snapshots} snapshots expired, "
            f"{done.removed_files} files removed"
        )


def _maintained(invocation: Invocation, keep_days: float) -> Maintained:
    from otel_forgesyte_duckdb.lake_maintenance import maintain as maintain_lake

    return maintain_lake(invocation.settings(), keep_days)

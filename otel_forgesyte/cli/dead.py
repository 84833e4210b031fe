"""``dead``: the records that could not be stored; look at them, try again, or let them go."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from otel_forgesyte.cli import output
from otel_forgesyte.cli.cells import moment
from otel_forgesyte.cli.exits import ExitCode
from otel_forgesyte.cli.failures import CommandFailed
from otel_forgesyte.cli.invocation import Invocation, answers_in_text

if TYPE_CHECKING:
    from pathlib import Path

    from otel_forgesyte_duckdb.resolving import LetterGroup, Resolution

__all__ = ["register"]

Reason = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Only those whose reason begins so.")
]
Count = Annotated[int, typer.Argument(metavar="[N]", min=1, help="How many to show.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def register(app: typer.Typer) -> None:
    """Add this module's commands to the application."""
    group = typer.Typer(help="Records that could not be stored, and what to do with them.")
    for command, name in ((list_, "list"), (show, "show"), (retry, "retry"), (discard, "discard")):
        group.command(name)(answers_in_text(command))
    app.add_typer(group, name="dead")


def list_(invocation: Invocation) -> None:
    """How many there are by signal and reason, since when, and whether they can be retried."""
    from otel_forgesyte_duckdb.resolving import grouped_letters

    groups = grouped_letters(_spool(invocation))
    if invocation.as_json:
        output.json_document([asdict(group) for group in groups])
    elif groups:
        columns = ("signal", "reason", "count", "oldest", "can be retried")
        output.rows(columns, [_row(group) for group in groups])
    else:
        output.line("no dead letters")


def show(invocation: Invocation, number: Count = 10, *, reason: Reason = "") -> None:
    """Show the oldest N letters: what each held, and why it was refused."""
    from otel_forgesyte_duckdb.resolving import open_letters

    letters = [each for each in open_letters(_spool(invocation)) if each.reason.startswith(reason)]
    if invocation.as_json:
        output.json_document([asdict(letter) for letter in letters[:number]])
        return
    if not letters:
        output.line(f"no dead letters{' of that reason' if reason else ''}")
    for letter in letters[:number]:
        # One line each, whatever is inside: `pairs` and `line` escape what a terminal could act on.
        output.section(f"{letter.signal}: one record")
        output.pairs([("reason", letter.reason), ("record", letter.record)])
    if len(letters) > number:
        output.note(f"… {len(letters) - number} more")


def retry(invocation: Invocation, *, reason: Reason = "") -> ExitCode:
    """Put letters back into the spool, to be stored like new records; each exactly once.

    Ends with 1 when some hold no record: what could not be encoded is known by its type only.
    """
    from otel_forgesyte_duckdb.resolving import retry as put_back

    done = put_back(_spool(invocation), reason)
    return _told(invocation, done, f"{done.taken} put back into the spool")


def discard(invocation: Invocation, *, reason: Reason = "", yes: Yes = False) -> ExitCode:
    """Remove letters for good; they are counted as dropped, with the reason `discarded`."""
    from otel_forgesyte_duckdb.resolving import discard as remove
    from otel_forgesyte_duckdb.resolving import open_letters

    spool = _spool(invocation)
    found = sum(letter.reason.startswith(reason) for letter in open_letters(spool))
    if found and not yes and not _agreed(found):
        raise CommandFailed("nothing was discarded", ExitCode.USAGE)
    done = remove(spool, reason)
    return _told(invocation, done, f"{done.taken} discarded")


def _agreed(count: int) -> bool:
    if not output.is_terminal():
        raise CommandFailed("discard needs --yes where nobody can be asked", ExitCode.USAGE)
    return typer.confirm(f"discard {count} records for good?", err=True)


def _told(invocation: Invocation, done: Resolution, what: str) -> ExitCode:
    if invocation.as_json:
        output.json_document(asdict(done))
    else:
        left = f"; {done.left} hold no record and stay" if done.left else ""
        output.line(f"{what}{left}")
    return ExitCode.FINDING if done.left else ExitCode.OK


def _row(group: LetterGroup) -> tuple[object, ...]:
    can = "yes" if group.can_be_retried else "no"
    return group.signal, group.reason, group.count, moment(group.oldest), can


def _spool(invocation: Invocation) -> Path:
    return invocation.settings().spool

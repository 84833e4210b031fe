"""`dead`: what could not be stored is listed, shown safely, put back or discarded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from otel_forgesyte_duckdb import DeadLetter
from otel_forgesyte_duckdb.dead_letters import append_letters
from tests.reading.exporting import Jobs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Finished

    Run = Callable[..., Finished]

HOSTILE = "InvalidInputException: \x1b]0;owned\x07 in\nrecord"


@pytest.fixture
def spool(database: Path) -> Path:
    """One segment of three lines, two of them spoilt and set aside; and one line-less letter."""
    jobs = Jobs(str(database), drain="external")
    for number in range(3):
        jobs.record(f"job-{number}")
    jobs.shutdown()
    spool = database.with_name(f"{database.name}.spool")
    [segment] = spool.glob("*-spans-*.seg")
    segment.write_bytes(segment.read_bytes().replace(b'"flags":', b'"flags":-', 2))
    return spool


def test_letters_are_listed_by_signal_and_reason(cli: Run, database: Path, spool: Path) -> None:
    cli("drain", "-d", database)
    append_letters(spool, "1-0123456789ab-spans", [DeadLetter("spans", "encode: E: x", "Span")])

    groups = json.loads(cli("dead", "list", "--json", "-d", database).out)

    assert [(g["signal"], g["reason"], g["count"], g["can_be_retried"]) for g in groups] == [
        ("spans", "InvalidInputException", 2, True),
        ("spans", "encode", 1, False),
    ]
    lines = cli("dead", "list", "-d", database).out.splitlines()
    assert lines[0] == "signal\treason\tcount\toldest\tcan be retried"
    assert lines[1].startswith("spans\tInvalidInputException\t2\t20")


def test_no_letters_are_no_finding(cli: Run, database: Path) -> None:
    finished = cli("dead", "list", "-d", database)
    assert (finished.code, finished.out) == (0, "no dead letters\n")
    assert cli("dead", "show", "-d", database).out == "no dead letters\n"


def test_hostile_text_in_a_letter_is_shown_as_escapes(cli: Run, database: Path) -> None:
    spool = database.with_name(f"{database.name}.spool")
    letter = DeadLetter("spans", HOSTILE, '{"name":"\u202e"}')
    append_letters(spool, "1-0123456789ab-spans", [letter, letter])

    finished = cli("dead", "show", "1", "-d", database)

    assert "\x1b" not in finished.out
    assert "\u202e" not in finished.out
    assert "reason\tInvalidInputException: \\x1b]0;owned\\x07 in\\nrecord\n" in finished.out
    assert "… 1 more" in finished.err


@pytest.mark.usefixtures("spool")
def test_retried_letters_are_waiting_in_the_spool_again(cli: Run, database: Path) -> None:
    cli("drain", "-d", database)

    finished = cli("dead", "retry", "-d", database)
    status = json.loads(cli("status", "--json", "-d", database).out)

    assert (finished.code, finished.out) == (0, "2 put back into the spool\n")
    assert (status["spooled_lines"], status["dead_lines"], status["unaccounted"]) == (2, 0, 0)


def test_letters_without_a_record_stay_and_are_told(cli: Run, database: Path) -> None:
    spool = database.with_name(f"{database.name}.spool")
    append_letters(spool, "1-0123456789ab-logs", [DeadLetter("logs", "encode: E", "LogRecord")])

    finished = cli("dead", "retry", "-d", database)

    assert finished.code == 1
    assert finished.out == "0 put back into the spool; 1 hold no record and stay\n"


@pytest.mark.usefixtures("spool")
def test_discarding_asks_or_is_told_not_to(cli: Run, database: Path) -> None:
    cli("drain", "-d", database)

    refused = cli("dead", "discard", "-d", database)
    done = cli("dead", "discard", "--yes", "--reason", "Invalid", "-d", database)
    status = json.loads(cli("status", "--json", "-d", database).out)

    assert refused.code == 2
    assert "discard needs --yes where nobody can be asked" in refused.err
    assert (done.code, done.out) == (0, "2 discarded\n")
    assert (status["dropped"], status["unaccounted"]) == ({"discarded": 2}, 0)


def test_status_and_doctor_say_what_is_nowhere(cli: Run, database: Path, spool: Path) -> None:
    for path in spool.glob("*-spans-*.seg"):
        path.unlink()

    status = cli("status", "-d", database)
    doctor = cli("doctor", "--json", "-d", database)

    assert status.code == 1
    assert status.out.startswith("accepted\t")
    assert "unaccounted\t3\n" in status.out
    assert "3 records were accepted and are nowhere" in doctor.out


@pytest.mark.usefixtures("spool")
def test_doctor_sees_losses_that_are_still_in_the_spool(cli: Run, database: Path) -> None:
    cli("drain", "-d", database)
    cli("dead", "discard", "--yes", "-d", database)

    told = cli("doctor", "--json", "-d", database).out

    assert "2 records were lost: discarded" in told

"""Dead letters put back or discarded: each once, wherever the process dies; the equation holds."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from opentelemetry.sdk.trace import ReadableSpan

from otel_forgesyte_duckdb import read_letters, resolving, writing

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.duckdb.conftest import Target

GOOD, SPOILT = b'"flags":', b'"flags":-'


def _with_letters(target: Target, lines: int = 10, bad: int = 3) -> None:
    """A drained segment of which some lines were set aside."""
    tracer = target.tracer()
    for number in range(lines):
        tracer.start_span(f"s{number}").end()
    target.shutdown()
    target.made.clear()
    [path] = target.spool.glob("*-spans-*.seg")
    content = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(content).replace(GOOD, SPOILT, bad))
    target.drain()
    assert len(list(read_letters(target.spool))) == bad


def _mend(target: Target) -> None:
    """What a newer version, or a person with an editor, would make of the letters."""
    for path in target.spool.glob("dead/*.jsonl"):
        path.write_bytes(path.read_bytes().replace(b'\\"flags\\":-', b'\\"flags\\":'))


def _equation(target: Target) -> tuple[int | None, int | None]:
    status = target.status()
    return status.accepted, status.unaccounted


def test_letters_that_can_be_stored_by_now_are_stored_once(undrained: Target) -> None:
    _with_letters(undrained)
    _mend(undrained)
    assert resolving.retry(undrained.spool) == resolving.Resolution(taken=3, left=0)
    assert resolving.retry(undrained.spool) == resolving.Resolution(taken=0, left=0)
    assert _equation(undrained) == (10, 0)
    undrained.drain()
    assert undrained.value("SELECT count(DISTINCT name) FROM otel.spans") == 10
    assert undrained.value("SELECT count(*) FROM otel.spans") == 10
    status = undrained.status()
    assert (status.stored, status.dead_lines) == (10, 0)
    assert _equation(undrained) == (10, 0)


def test_letters_that_cannot_be_stored_yet_come_back_as_letters(undrained: Target) -> None:
    _with_letters(undrained)
    for _ in range(2):
        assert resolving.retry(undrained.spool).taken == 3
        undrained.drain()
        assert undrained.status().dead_lines == 3
        assert _equation(undrained) == (10, 0)


def test_discarded_letters_are_counted_as_dropped(undrained: Target) -> None:
    _with_letters(undrained)
    assert resolving.discard(undrained.spool) == resolving.Resolution(taken=3, left=0)
    assert undrained.status().dropped == {"discarded": 3}
    assert _equation(undrained) == (10, 0)
    undrained.drain()
    assert undrained.query("SELECT signal, reason, count FROM otel.loss_ledger") == [
        ("spans", "discarded", 3)
    ]
    assert _equation(undrained) == (10, 0)


def test_what_could_not_be_encoded_cannot_be_retried_but_discarded(undrained: Target) -> None:
    exporter = undrained.spans()
    exporter.export([ReadableSpan("broken", None)])
    assert resolving.retry(undrained.spool) == resolving.Resolution(taken=0, left=1)
    assert resolving.discard(undrained.spool).taken == 1
    assert _equation(undrained) == (1, 0)
    exporter.shutdown()
    undrained.drain()
    assert _equation(undrained) == (1, 0)


def test_only_letters_of_the_reason_asked_for_are_taken(undrained: Target) -> None:
    _with_letters(undrained)
    exporter = undrained.spans()
    exporter.export([ReadableSpan("broken", None)])
    assert resolving.discard(undrained.spool, "encode") == resolving.Resolution(1, 0)
    assert undrained.status().dead_lines == 3
    assert _equation(undrained) == (11, 0)


def test_letters_of_a_segment_that_is_still_in_the_spool_are_not_touched(
    undrained: Target,
) -> None:
    _with_letters(undrained)
    [path] = undrained.spool.glob("dead/*-spans-*.jsonl")
    (undrained.spool / f"{path.stem}-10.seg").write_bytes(b"")
    assert resolving.open_letters(undrained.spool) == []
    assert resolving.discard(undrained.spool).taken == 0


class Died(BaseException):
    """The process ended at this step."""


@pytest.mark.parametrize("act", [resolving.retry, resolving.discard])
@pytest.mark.parametrize("step", range(8))
def test_dying_at_any_step_neither_loses_a_letter_nor_doubles_one(
    undrained: Target,
    monkeypatch: pytest.MonkeyPatch,
    act: Callable[[Path], resolving.Resolution],
    step: int,
) -> None:
    _with_letters(undrained)
    _mend(undrained)
    _die_at(monkeypatch, step)
    with contextlib.suppress(Died):
        act(undrained.spool)
    monkeypatch.undo()
    assert _equation(undrained) == (10, 0)
    act(undrained.spool)
    assert _equation(undrained) == (10, 0)
    undrained.drain()
    status = undrained.status()
    assert (status.stored, status.dead_lines, status.dropped) in [
        (10, 0, {}),
        (7, 0, {"discarded": 3}),
    ]
    assert [path.name for path in undrained.spool.glob("dead/*")] == ["letters.lock"]


def _die_at(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Every change of a name in the file system is a step; the one named does not happen."""
    steps = iter(range(100))

    def dying(method: str) -> None:
        original = getattr(Path, method)

        def change(path: Path, *arguments: object, **options: object) -> object:
            if "letters" not in path.name and next(steps) == step:
                raise Died
            return original(path, *arguments, **options)

        monkeypatch.setattr(Path, method, change)

    for method in ("replace", "rename", "unlink"):
        dying(method)


def test_a_retry_into_a_database_that_is_held_waits_in_the_spool(undrained: Target) -> None:
    _with_letters(undrained)
    _mend(undrained)
    with writing(undrained.path):
        assert resolving.retry(undrained.spool).taken == 3
    assert undrained.status().spooled_lines == 3

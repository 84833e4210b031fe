"""Values that break serialisers: each alone is made storable, and its batch is untouched."""

from __future__ import annotations

import hashlib
import json
import math
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.trace import SpanContext

from otel_forgesyte_duckdb import read_letters
from otel_forgesyte_duckdb.lines import LineEncoder
from tests.duckdb.conftest import RESOURCE

if TYPE_CHECKING:
    from tests.duckdb.conftest import Target


class Unspeakable:
    def __repr__(self) -> str:
        raise RuntimeError("no words")


def _span(name: str, number: int = 1, **attributes: Any) -> ReadableSpan:
    context = SpanContext(number, number, is_remote=False)
    return ReadableSpan(
        name, context, resource=RESOURCE, attributes=attributes, start_time=1, end_time=2
    )


POISON: list[tuple[Any, Any]] = [
    (math.nan, "NaN"),
    (-math.inf, "-Infinity"),
    ((1.0, math.nan), [1.0, "NaN"]),
    (2**70, str(2**70)),
    (2**64 - 1, 2**64 - 1),
    (-(2**63) - 1, str(-(2**63) - 1)),
    ("\ud800 lone", "\\ud800 lone"),
    ("nul \0 inside", "nul \0 inside"),
    ({"a": {"b": math.inf}}, {"a": {"b": "Infinity"}}),
    ({1: "one", None: "none"}, {"1": "one", "None": "none"}),
    ({"\udfff": 1}, {"\\udfff": 1}),
    ({1}, [1]),
    (Unspeakable(), "[Unspeakable: str() raised RuntimeError]"),
    (b"\xff\0", {"size": 2, "sha256": hashlib.sha256(b"\xff\0").hexdigest()}),
    (None, None),
    ("null", "null"),
]


@pytest.mark.parametrize(
    ("value", "stored"),
    POISON,
    ids=[ascii(p[0])[:20] for p in POISON[:-4]] + ["unspeakable", "bytes", "none", "null"],
)
def test_a_poisonous_value_is_stored_in_a_form_json_has(
    target: Target, value: Any, stored: Any
) -> None:
    exporter = target.spans()
    result = exporter.export([_span("before", 1), _span("bad", 2, v=value), _span("after", 3)])
    assert result is SpanExportResult.SUCCESS
    assert exporter.force_flush()
    rows = target.query("SELECT name, attributes FROM otel.spans ORDER BY span_id")
    assert [name for name, _ in rows] == ["before", "bad", "after"]
    assert json.loads(rows[1][1]) == {"v": stored}


def test_a_text_of_20_mb_is_cut_with_a_note_and_its_neighbours_stay_whole(target: Target) -> None:
    exporter = target.spans()
    exporter.export([_span("big", 1, text="x" * 20_000_000, other="kept"), _span("after", 2)])
    assert exporter.force_flush()
    text, other = target.query(
        "SELECT attributes->>'text', attributes->>'other' FROM otel.spans WHERE name = 'big'"
    )[0]
    assert text == "x" * 262_144 + "… [cut: 20000000 characters]"
    assert other == "kept"
    assert target.value("SELECT count(*) FROM otel.spans") == 2


def test_many_long_texts_in_one_record_are_cut_shorter_until_the_line_fits(target: Target) -> None:
    exporter = target.spans()
    exporter.export([_span("big", 1, **{f"t{n}": "x" * 250_000 for n in range(100)})])
    assert exporter.force_flush()
    assert target.value("SELECT length(attributes->>'t7') FROM otel.spans") == 4_096 + len(
        "… [cut: 250000 characters]"
    )


def test_nesting_without_end_is_cut_off(target: Target) -> None:
    nested: dict[str, Any] = {}
    nested["me"] = nested
    exporter = target.spans()
    exporter.export([_span("deep", 1, v=nested)])
    assert exporter.force_flush()
    assert "[nested deeper than 32 levels]" in target.value("SELECT attributes FROM otel.spans")


@pytest.mark.parametrize("field", ["name", "status_message", "event"])
def test_poison_outside_the_attributes_is_made_storable_too(target: Target, field: str) -> None:
    from opentelemetry.sdk.trace import Event
    from opentelemetry.trace import Status, StatusCode

    bad = "a\ud800"
    span = ReadableSpan(
        bad if field == "name" else "s",
        SpanContext(1, 1, is_remote=False),
        resource=RESOURCE,
        start_time=1,
        end_time=2,
        events=[Event(bad, {bad: math.nan}, 5)] if field == "event" else [],
        status=Status(StatusCode.ERROR, bad if field == "status_message" else None),
    )
    exporter = target.spans()
    assert exporter.export([span, _span("after", 2)]) is SpanExportResult.SUCCESS
    assert exporter.force_flush()
    assert target.value("SELECT count(*) FROM otel.spans") == 2
    assert target.value("SELECT count(*) FROM otel.spans WHERE name = 'after'") == 1


def test_a_record_that_is_no_record_is_set_aside_with_its_reason(target: Target) -> None:
    exporter = target.spans()
    without_ids = ReadableSpan("lost", None, start_time=1, end_time=2)
    assert exporter.export([_span("a", 1), without_ids, _span("b", 2)]) is SpanExportResult.SUCCESS
    assert exporter.force_flush()
    [letter] = read_letters(target.spool)
    assert (letter.signal, letter.record) == ("spans", "ReadableSpan")
    assert letter.reason.startswith("encode: TypeError")
    assert target.status().dead_lines == 1
    assert target.value("SELECT list(name ORDER BY name) FROM otel.spans") == ["a", "b"]


def test_no_content_of_bytes_reaches_the_disk(undrained: Target) -> None:
    secret = b"picture-of-something-private"
    exporter = undrained.spans()
    exporter.export([_span("s", 1, raw=secret, deep={"in": [secret, bytearray(secret)]})])
    undrained.shutdown()
    for path in undrained.spool.iterdir():
        assert secret not in path.read_bytes()


def test_a_log_body_may_be_poison(target: Target) -> None:
    from opentelemetry._logs import LogRecord

    exporter = target.logs()
    for body in (b"\x00\x01", math.nan, "\udc00", {"n": 2**100}):
        exporter.export([ReadableLogRecord(LogRecord(observed_timestamp=1, body=body), RESOURCE)])
    assert exporter.force_flush()
    bodies = [json.loads(body) for (body,) in target.query("SELECT body FROM otel.logs")]
    assert bodies[1:] == ["NaN", "\\udc00", {"n": str(2**100)}]
    assert bodies[0]["size"] == 2


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.binary() | st.characters(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=20,
)


@settings(deadline=None)  # the machine may be busy
@given(st.dictionaries(st.text(), ANYTHING), ANYTHING)
def test_any_value_at_all_becomes_one_line_of_valid_json(
    attributes: dict[str, Any], other: Any
) -> None:
    record = (
        b'{"head":1,',
        {"name": "s", "attributes": attributes, "other": other},
        b',"end":1}\n',
    )
    batch = LineEncoder().encode([None, None], lambda _: record)
    lines = batch.data.split(b"\n")
    assert (batch.lines, batch.dead, len(lines), lines[2]) == (2, [], 3, b"")
    for line in lines[:2]:
        assert set(orjson.loads(line)) == {"head", "name", "attributes", "other", "end"}

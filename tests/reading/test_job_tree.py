"""One job as one tree of values."""

# ruff: noqa: DTZ001 - every stored time is naive UTC

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from otel_forgesyte.reading import (
    DeviceDecision,
    LogEntry,
    NoSuchJob,
    PluginRun,
    RenderedFrame,
    SpanNode,
    open_reader,
)
from otel_forgesyte.reading.assembly import span_tree
from otel_forgesyte_schema.errors import TelemetryError

if TYPE_CHECKING:
    from pathlib import Path

_TRACE = "0000000000000000000000000000000a"


def _time(microsecond: int) -> datetime:
    return datetime(2026, 1, 2, 3, 4, 5, microsecond)


def test_a_job_carries_its_row_plugins_devices_and_frames(database: Path) -> None:
    with open_reader(database) as reader:
        job = reader.job("j1")

    assert (job.job_id, job.plugin, job.device, job.status) == ("j1", "faces", "cpu", "done")
    assert (job.duration_ms, job.error_message) == (1200, None)
    assert job.created_at == _time(250_000)
    assert job.completed_at == datetime(2026, 1, 2, 3, 4, 6, 450_000)
    assert job.plugins == (
        PluginRun("faces", "detect", success=True, duration_ms=100, created_at=_time(300_000)),
        PluginRun("faces", "draw", success=True, duration_ms=40, created_at=_time(500_000)),
    )
    assert job.devices == (
        DeviceDecision(
            "gpu", "cpu", fallback=True, plugin="faces", reason="no CUDA here",
            created_at=_time(300_000),
        ),
    )  # fmt: skip
    assert job.frames == (
        RenderedFrame(0, 0.25, 0, None, _time(700_000), "faces", "cpu"),
        RenderedFrame(1, 3.0, 2, 25.0, _time(740_000), "faces", "cpu"),
    )


def test_the_spans_of_a_job_are_a_tree_in_order_of_their_start(database: Path) -> None:
    with open_reader(database) as reader:
        (root,) = reader.job("j1").spans

    assert (root.trace_id, root.span_id, root.name) == (_TRACE, "0000000000000001", "job faces")
    assert root.duration_ns == 1_200_000_001
    assert root.attributes == {"forgesyte.job.id": "j1"}
    detect, draw = root.children
    assert (detect.name, detect.tool, draw.name) == (
        "plugin faces.detect", "detect", "plugin faces.draw",
    )  # fmt: skip
    (third_party,) = detect.children
    assert (third_party.name, third_party.span_id) == ("GET /model", "00000000000000ff")
    assert third_party.status_code == "ERROR"
    assert third_party.children == draw.children == ()


def test_the_logs_of_a_job_are_its_records_and_events(database: Path) -> None:
    with open_reader(database) as reader:
        logs = reader.job("j1").logs

    assert logs == (
        LogEntry(
            time=_time(300_000),
            severity_text="INFO",
            event_name="forgesyte.device.selected",
            body="cpu used, gpu requested",
            plugin="faces",
            error_type=None,
            attributes={
                "forgesyte.device.requested": "cuda:0",
                "forgesyte.device.used": "cpu",
                "forgesyte.device.fallback.reason": "no CUDA here",
            },
            trace_id=_TRACE,
            span_id="0000000000000002",
        ),
    )


def test_a_running_job_has_no_end_yet(database: Path) -> None:
    with open_reader(database) as reader:
        job = reader.job("stuck")

    assert (job.status, job.duration_ms, job.completed_at) == ("running", None, None)
    assert [job.plugins, job.devices, job.frames, job.spans, job.logs] == [()] * 5


def test_an_unknown_job_is_a_lookup_error_that_says_where_it_looked(database: Path) -> None:
    with open_reader(database) as reader, pytest.raises(NoSuchJob, match="no job 'j9' in") as told:
        reader.job("j9")

    assert isinstance(told.value, LookupError)
    assert isinstance(told.value, TelemetryError)
    assert str(database) in str(told.value)


def _row(span_id: str, parent: str | None, **fields: Any) -> dict[str, Any]:
    known = dict.fromkeys(
        ("kind", "status_code", "status_message", "error_type", "plugin", "tool", "device")
    )
    return {
        **known,
        "trace_id": _TRACE,
        "span_id": span_id,
        "parent_span_id": parent,
        "name": f"span {span_id}",
        "start_time": _time(0),
        "duration_ns": 1,
        "attributes": {},
        **fields,
    }


def _names(node: SpanNode) -> dict[str, Any]:
    return {child.span_id: _names(child) for child in node.children}


def test_a_span_whose_parent_was_not_recorded_is_a_root() -> None:
    roots = span_tree([_row("1", None), _row("3", "2"), _row("4", "3")])

    assert {root.span_id: _names(root) for root in roots} == {"1": {}, "3": {"4": {}}}


def test_spans_that_claim_to_be_each_others_parents_are_all_kept() -> None:
    roots = span_tree([_row("1", "2"), _row("2", "1"), _row("3", "3"), _row("4", None)])

    assert sorted(root.span_id for root in roots) == ["1", "2", "3", "4"]
    assert all(root.children == () for root in roots)


def test_a_trace_deeper_than_pythons_stack_is_read() -> None:
    depth = 5000
    (node,) = span_tree([_row(str(n), str(n - 1) if n else None) for n in range(depth)])

    levels = 1
    while node.children:
        (node,) = node.children
        levels += 1
    assert levels == depth

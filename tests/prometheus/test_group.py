"""Processes on one page: each counts once, wherever it or whoever adds it up is killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from opentelemetry.sdk.metrics import Histogram, MeterProvider
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View

from otel_forgesyte_prometheus import PrometheusReader, Together
from otel_forgesyte_prometheus.families import Buckets, FamilySet, Kind, Number
from otel_forgesyte_prometheus.group import Group
from otel_forgesyte_prometheus.locks import file_lock
from otel_forgesyte_prometheus.native import Native, together
from otel_forgesyte_prometheus.notices import Notices
from otel_forgesyte_prometheus.sharing import Sharing
from otel_forgesyte_prometheus.snapshots import UnreadableError, decoded, encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Joins a group, publishes a counter and a gauge, says so, and does what it is told.
MEMBER = """
import os, sys
from pathlib import Path
from otel_forgesyte_prometheus.families import FamilySet, Kind, Number
from otel_forgesyte_prometheus.group import Group
from otel_forgesyte_prometheus.notices import Notices

group = Group(Path(sys.argv[1]), 100, Notices())
group.join()
families = FamilySet(100, Notices())
families.add(families.family("orders", Kind.COUNTER, "", ""), (), Number(int(sys.argv[2]), True))
families.add(families.family("temperature", Kind.GAUGE, "", ""), (), Number(20, False))
group.publish(families)
print(group.name, flush=True)
exec(sys.stdin.read())
"""
KILLED_AT = """
import signal
def dying(step, name):
    real = getattr(Path, step)
    def die(self, *args, **options):
        if name == step:
            os.kill(os.getpid(), signal.SIGKILL)
        real(self, *args, **options)
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(Path, step, die)
dying({step!r}, {name!r})
group.fold()
"""


@pytest.fixture
def member(tmp_path: Path) -> Iterator[Callable[[int], subprocess.Popen[str]]]:
    """Starts a process that has published so many orders."""
    started: list[subprocess.Popen[str]] = []

    def start(orders: int) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", MEMBER, str(tmp_path), str(orders)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline()
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def _kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()


def _group(directory: Path) -> Group:
    group = Group(directory, 1_000, Notices())
    group.join()
    return group


def _page(group: Group) -> dict[str, dict[str, float]]:
    """What a page of the group says: values by family and labels."""
    page = FamilySet(1_000, Notices())
    Sharing(group, lambda _: FamilySet(1_000, Notices()), Notices()).fill(page, 5)
    return {
        family.name: {
            text: point.value
            for text, (_, point) in family.series.items()
            if isinstance(point, Number)
        }
        for family in page
    }


def _files(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_a_killed_process_keeps_its_counters_and_loses_its_gauges(
    tmp_path: Path, member: Callable[[int], subprocess.Popen[str]]
) -> None:
    group = _group(tmp_path)
    killed, alive = member(3), member(4)
    assert _page(group)["orders"] == {"": 7}
    assert len(_page(group)["temperature"]) == 2
    _kill(killed)
    assert _page(group) == {
        "orders": {"": 7},
        "temperature": {f'process_pid="{alive.pid}"': 20},
    }
    group.leave()


def test_a_hundred_ends_leave_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("otel_forgesyte_prometheus.group._MOST_NAMES", 30)
    group = _group(tmp_path)
    for number in range(100):
        one = _group(tmp_path)
        families = FamilySet(10, Notices())
        family = families.family("orders", Kind.COUNTER, "", "")
        assert family is not None
        families.add(family, (("of", str(number % 2)),), Number(number, is_sum=True))
        one.publish(families)
        one.leave()
        if number % 10 == 0:
            group.fold()
    assert _page(group)["orders"] == {'of="0"': 2_450, 'of="1"': 2_500}
    kept = [name for name in _files(tmp_path) if not name.startswith(group.name)]
    assert kept == ["ended.json", "fold.lock"]
    assert len(decoded((tmp_path / "ended.json").read_bytes()).ended) == 30
    group.leave()


@pytest.mark.parametrize("step", ["replace", "unlink"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_who_adds_up_may_be_killed_at_any_step_and_each_counts_once(
    tmp_path: Path, member: Callable[[int], subprocess.Popen[str]], step: str, when: str
) -> None:
    group = _group(tmp_path)
    folder, first, second = member(1), member(20), member(300)
    _kill(first)
    _kill(second)
    name = step if when == "before" else ""
    folder.communicate(KILLED_AT.format(step=step, name=name), timeout=30)
    assert folder.returncode == -signal.SIGKILL
    with file_lock(tmp_path / "fold.lock"):  # also on a page that cannot tidy up first
        assert _page(group)["orders"] == {"": 321}
    assert _page(group) == {"orders": {"": 321}}
    assert _page(group) == {"orders": {"": 321}}
    kept = [name for name in _files(tmp_path) if not name.startswith(group.name)]
    assert [name for name in kept if name[0].isdigit()] == []
    group.leave()


def test_the_ended_are_forgotten_when_nobody_has_been_there_for_a_minute(
    tmp_path: Path, member: Callable[[int], subprocess.Popen[str]]
) -> None:
    _kill(member(5))
    again = _group(tmp_path)
    assert _page(again)["orders"] == {"": 5}
    again.leave()
    long_ago = time.time() - 61
    for path in tmp_path.glob("*.json"):
        os.utime(path, (long_ago, long_ago))
    later = _group(tmp_path)
    assert _page(later) == {}
    later.leave()


def test_a_torn_file_costs_its_process_alone(
    tmp_path: Path,
    member: Callable[[int], subprocess.Popen[str]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    notices = Notices()
    group = Group(tmp_path, 100, notices)
    group.join()
    torn, whole = member(5), member(6)
    [path] = tmp_path.glob(f"*-{torn.pid}.json")
    path.write_bytes(path.read_bytes()[:20])
    assert _page(group)["orders"] == {"": 6}
    _kill(torn)
    _kill(whole)
    assert _page(group) == {"orders": {"": 6}}
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 1
    assert str(path) in said[0]
    group.leave()


def test_a_forked_child_keeps_nobodys_place_and_begins_at_zero(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    program = f"""
import os, sys, time, warnings
warnings.simplefilter("ignore")
from pathlib import Path
from opentelemetry.sdk.metrics import MeterProvider
from otel_forgesyte_prometheus import PrometheusReader, Together
reader = PrometheusReader(scope_labels=False, target_info=False)
provider = MeterProvider([reader], shutdown_on_exit=False)
orders = provider.get_meter("m").create_counter("orders")
orders.add(10)
together = Together(reader, "127.0.0.1", {port}, Path({str(tmp_path)!r}), "shop")
assert together.url and reader.force_flush()
def told():
    return reader.page().decode().splitlines()[-1]
pids = []
for number in range(3):
    pid = os.fork()
    if not pid:
        assert together.url is None
        orders.add(1)
        assert reader.force_flush()
        assert told().startswith("orders_total 1"), told()
        os._exit(0)
    os.waitpid(pid, 0)
    print(told())
provider.shutdown()
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout.split("\n")[:3], done.stderr) == (
        ["orders_total 11", "orders_total 12", "orders_total 13"],
        "",
    )


def test_without_a_directory_a_process_tells_its_own_numbers_and_why(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    reader = PrometheusReader(scope_labels=False, target_info=False)
    provider = MeterProvider([reader], shutdown_on_exit=False)
    provider.get_meter("m").create_counter("orders").add(3)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    together = Together(reader, "127.0.0.1", port, tmp_path / "file", "shop")
    assert together.error is None
    assert reader.force_flush()
    assert b"orders_total 3\n" in reader.page()
    provider.shutdown()
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2
    assert "tells its own numbers only" in said[0]
    assert "Not a directory" in said[0]
    assert "no file tells it to look at" in said[1]


def test_a_snapshot_is_what_was_told() -> None:
    reader = PrometheusReader()
    view = View(instrument_type=Histogram, aggregation=ExponentialBucketHistogramAggregation())
    provider = MeterProvider([reader], views=[view], shutdown_on_exit=False)
    meter = provider.get_meter("m", attributes={"odd": '"\\\n\ud800'})
    meter.create_counter("orders").add(2**60, {"é": "\ud800"})
    meter.create_gauge("temperature").set(float("inf"))
    histogram = meter.create_histogram("wait")
    for value in (0, 0.1, -3, 1e9):
        histogram.record(value)
    families = reader.families()
    told = decoded(encoded(families, ("a",)))
    assert list(told.families) == list(families)
    assert told.ended == ("a",)
    provider.shutdown()


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"version": 2}', b"\xff", b"null"])
def test_what_is_no_snapshot_is_said_to_be_none(content: bytes) -> None:
    with pytest.raises(UnreadableError):
        decoded(content)


def test_exponential_histograms_of_two_processes_are_as_those_of_one() -> None:
    first, second = [0.001 * 1.1**n for n in range(60)], [0.5 * 1.3**n for n in range(40)]
    one, other, both = (_exponential(values) for values in (first, second, first + second))
    merged = one.merged(other)
    assert isinstance(merged, Buckets)
    assert merged.counts[-1] == both.counts[-1] == 100
    assert merged.total == pytest.approx(both.total)
    at = dict(zip(merged.bounds, merged.counts, strict=False))
    known = dict(zip(both.bounds, both.counts, strict=False))
    shared = at.keys() & known.keys()
    assert len(shared) > 10
    assert {bound: at[bound] for bound in shared} == {bound: known[bound] for bound in shared}


def test_two_that_are_far_apart_stay_within_the_limit_of_one() -> None:
    near = Native(8, 1, (1, (1,) * 160), (0, ()))
    far = Native(8, 2, (100_000, (1,) * 160), (5, (4,)))
    merged = together(near, far)
    assert len(merged.positive[1]) <= 160
    assert sum(merged.positive[1]) == 320
    assert (merged.zero_count, sum(merged.negative[1])) == (3, 4)


def _exponential(values: list[float]) -> Buckets:
    reader = PrometheusReader(scope_labels=False, target_info=False)
    view = View(instrument_type=Histogram, aggregation=ExponentialBucketHistogramAggregation())
    provider = MeterProvider([reader], views=[view], shutdown_on_exit=False)
    histogram = provider.get_meter("m").create_histogram("wait")
    for value in values:
        histogram.record(value)
    [family] = reader.families()
    [(_, point)] = family.series.values()
    provider.shutdown()
    assert isinstance(point, Buckets)
    return point

"""The time that drawing one overlay frame takes."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest

from otel_forgesyte import (
    constant,
    frame,
    frame_callback,
    frames,
    job,
    overlays,
    plugin,
    report_device,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from tests.domain.recorder import Recorder


def indices(recorded: Recorder) -> list[int]:
    return [drawn.index for drawn in recorded.frames]


def test_a_frame_is_timed_and_knows_where_it_belongs(recorded: Recorder) -> None:
    before = time.time_ns()
    with job(job_id="j", plugin="server"), plugin(plugin="overlay", device="cuda") as running:
        with frame(3, dropped=2, fps=29.9) as nothing:
            time.sleep(0.002)
        assert nothing is None
        context = running.span.get_span_context()
    (drawn,) = recorded.frames
    assert before < drawn.time_unix_nano < time.time_ns()
    assert 0.002 <= drawn.duration_s < 1
    assert drawn == overlays.Frame(
        drawn.time_unix_nano,
        drawn.duration_s,
        job_id="j",
        plugin="overlay",
        device="gpu",
        index=3,
        dropped=2,
        fps=29.9,
        trace_id=context.trace_id,
        span_id=context.span_id,
    )
    assert [span.name for span in recorded.spans] == ["plugin overlay", "job server"]


def test_a_frame_of_the_job_itself_has_the_device_that_a_plugin_reported(
    recorded: Recorder,
) -> None:
    with job(job_id="j", plugin="server"):
        with plugin(plugin="detector"):
            report_device("gpu", "cpu", "no driver")
        with frame(0):
            pass
    assert [drawn.device for drawn in recorded.frames] == ["cpu"]


def test_without_a_destination_a_frame_is_measured_without_its_identity(
    recorded: Recorder,
) -> None:
    overlays.send_frames_to(None)
    with job(job_id="j", plugin="p", device="cpu"):
        for number in range(3):
            with frame(number):
                pass
    assert recorded.counts("forgesyte.overlay.render.duration") == [
        ({"forgesyte.plugin.name": "p", "forgesyte.device.name": "cpu"}, 3)
    ]


def test_a_frame_outside_of_any_job_is_only_measured(recorded: Recorder) -> None:
    with frame(0):
        pass
    assert recorded.frames == []
    assert recorded.counts("forgesyte.overlay.render.duration") == [({}, 1)]


def test_frames_without_a_number_are_numbered_by_their_job(recorded: Recorder) -> None:
    @frame
    def draw(picture: str) -> str:
        return picture

    with job(plugin="p"):
        assert [draw("a"), draw("b")] == ["a", "b"]
        with frame():
            pass
    with job(plugin="p"):
        draw("c")
    assert indices(recorded) == [0, 1, 2, 0]


@pytest.mark.parametrize("name", ["index", "frame_index", "frame_idx", "i"])
def test_the_number_is_found_in_a_parameter(recorded: Recorder, name: str) -> None:
    namespace: dict[str, Any] = {}
    exec(f"def draw({name}): return {name}", namespace)  # noqa: S102 - a function per name
    with job(plugin="p"):
        frame(namespace["draw"])(5)
    assert indices(recorded) == [5]


def test_values_of_a_frame_are_read_like_those_of_a_job(recorded: Recorder) -> None:
    @frame(index="shown.number", dropped=lambda a: a["shown"]["dropped"], fps=constant(25))
    def draw(shown: dict[str, int]) -> None:
        del shown

    with job(plugin="p"):
        draw({"number": 4, "dropped": 1})
    (drawn,) = recorded.frames
    assert (drawn.index, drawn.dropped, drawn.fps) == (4, 1, 25.0)


def test_a_drawing_that_raises_is_no_frame(recorded: Recorder) -> None:
    @frame
    def draw() -> None:
        raise ValueError("v")

    with job(plugin="p"):
        with pytest.raises(ValueError, match="v"):
            draw()
        with pytest.raises(KeyError), frame(0):
            raise KeyError
    assert recorded.frames == []


def test_coroutines_and_async_blocks_draw_frames(recorded: Recorder) -> None:
    @frame
    async def draw(index: int) -> int:
        await asyncio.sleep(0)
        return index

    async def run() -> None:
        with job(plugin="p"):
            assert await draw(7) == 7
            async with frame(8):
                await asyncio.sleep(0)

    asyncio.run(run())
    assert indices(recorded) == [7, 8]


def test_each_step_of_a_generator_is_a_frame(recorded: Recorder) -> None:
    @frame
    def draw(index: int = 10) -> Iterator[int]:
        for step in range(3):
            time.sleep(0.001)
            yield index + step

    with job(plugin="p"):
        for _ in draw():
            time.sleep(0.02)
    assert indices(recorded) == [10, 11, 12]
    assert all(drawn.duration_s < 0.02 for drawn in recorded.frames)


def test_each_step_of_an_async_generator_is_a_frame(recorded: Recorder) -> None:
    @frame
    async def draw() -> AsyncIterator[int]:
        for step in range(2):
            await asyncio.sleep(0)
            yield step

    async def run() -> list[int]:
        with job(plugin="p"):
            return [item async for item in draw()]

    assert asyncio.run(run()) == [0, 1]
    assert indices(recorded) == [0, 1]


def test_frames_times_the_body_of_a_loop(recorded: Recorder) -> None:
    def slow() -> Iterator[str]:
        for item in "abc":
            time.sleep(0.02)
            yield item

    with job(plugin="p"):
        assert list(frames(slow())) == ["a", "b", "c"]
    assert indices(recorded) == [0, 1, 2]
    assert all(drawn.duration_s < 0.02 for drawn in recorded.frames)
    first, second, third = (drawn.fps for drawn in recorded.frames)
    assert first is None
    assert second is not None
    assert third is not None
    assert 0 < third <= 50


def test_frames_takes_the_rate_it_is_given(recorded: Recorder) -> None:
    with job(plugin="p"):
        list(frames("ab", fps=24))
    assert [drawn.fps for drawn in recorded.frames] == [24, 24]


def test_a_second_loop_numbers_its_frames_on(recorded: Recorder) -> None:
    with job(plugin="p"):
        list(frames("ab"))
        list(frames("c"))
    assert indices(recorded) == [0, 1, 2]


def test_a_pass_that_is_broken_off_is_not_recorded(recorded: Recorder) -> None:
    with job(plugin="p"):
        for item in frames("abc"):
            if item == "b":
                break
    assert indices(recorded) == [0]


def test_frames_times_the_body_of_an_async_loop(recorded: Recorder) -> None:
    async def source() -> AsyncIterator[str]:
        for item in "ab":
            await asyncio.sleep(0)
            yield item

    async def run() -> list[str]:
        with job(plugin="p"):
            return [item async for item in frames(source())]

    assert asyncio.run(run()) == ["a", "b"]
    assert indices(recorded) == [0, 1]


def test_a_progress_callback_becomes_frames(recorded: Recorder) -> None:
    heard: list[tuple[int, int]] = []

    def progress(i: int, total: int) -> str:
        """Say how far it is."""
        heard.append((i, total))
        time.sleep(0.02)
        return "heard"

    with job(plugin="p"):
        reported = frame_callback(progress)
        assert [reported(i, 3) for i in range(3)] == ["heard"] * 3
    assert reported.__doc__ == "Say how far it is."
    assert heard == [(0, 3), (1, 3), (2, 3)]
    assert indices(recorded) == [0, 1, 2]
    assert all(drawn.duration_s < 0.02 for drawn in recorded.frames)


def test_a_progress_callback_may_be_nothing_but_frames(recorded: Recorder) -> None:
    with job(plugin="p"):
        reported = frame_callback()
        assert reported(4, 9) is None
        reported(total=9)
    assert indices(recorded) == [4, 0]


def test_an_exception_of_the_progress_callback_reaches_the_plugin(recorded: Recorder) -> None:
    def stop(i: int) -> None:
        raise InterruptedError(i)

    with job(plugin="p"), pytest.raises(InterruptedError):
        frame_callback(stop)(0)
    assert indices(recorded) == [0]


def test_progress_reported_from_another_thread_belongs_to_the_job(recorded: Recorder) -> None:
    import threading

    def plugin_thread(reported: Callable[[int], None]) -> None:
        reported(0)

    with job(job_id="j", plugin="p"):
        thread = threading.Thread(target=plugin_thread, args=(frame_callback(),))
        thread.start()
        thread.join()
    assert [drawn.job_id for drawn in recorded.frames] == ["j"]


def test_frames_whose_rate_is_known_tell_the_time_between_them(recorded: Recorder) -> None:
    overlays.send_frames_to(None)
    with job(plugin="p"):
        for fps in (None, 25.0, 50.0, 0.0):
            with frame(fps=fps):
                pass
    ((labels, point),) = recorded.points("forgesyte.overlay.frame.interval")
    assert labels == {"forgesyte.plugin.name": "p"}
    assert (point.count, point.sum) == (2, pytest.approx(0.04 + 0.02))


def test_dropped_frames_are_counted(recorded: Recorder) -> None:
    overlays.send_frames_to(None)
    with job(plugin="p"):
        for dropped in (0, 2, 3):
            with frame(dropped=dropped):
                pass
    assert recorded.values("forgesyte.overlay.frames.dropped") == [
        ({"forgesyte.plugin.name": "p"}, 5)
    ]

"""Real pictures to work on: photographs, a short film and a camera move, all inside a wheel.

scikit-image's wheel carries them under ``skimage/data``, so nothing is downloaded. They are opened
by path with Pillow, as a job server opens an upload, because decoding is part of the work and the
part that fails.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import skimage.data
from PIL import Image, ImageSequence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PHOTOGRAPHS = (
    "astronaut.png",
    "camera.png",
    "chelsea.png",
    "coffee.png",
    "coins.png",
    "rocket.jpg",
    "hubble_deep_field.jpg",
    "motorcycle_left.png",
)
LARGE = frozenset({"hubble_deep_field.jpg", "motorcycle_left.png"})
"""The photographs worth a GPU."""

PRINTED_PAGE = "page.png"
WITHOUT_PRINT = ("text.png", "moon.png")
"""Handwriting and a crater field: photographs in which no line of print can be found."""

FILM = "no_time_for_that_tiny.gif"
"""The one film in the wheel: 24 frames of 14 by 25 pixels."""

_VIEW = (320, 240)


@dataclass(frozen=True, slots=True)
class Shown:
    """One frame as a live viewer gets it."""

    index: int
    dropped: int
    fps: float | None
    picture: Image.Image


def path_of(name: str) -> Path:
    """Where the picture `name` lies on this machine."""
    return Path(skimage.data.__file__).parent / name


def decoded(path: Path) -> Image.Image:
    """The picture in `path`, every pixel read, as RGB.

    Raises:
        OSError: The file is missing, is no picture, or ends before its last pixel.
    """
    picture = Image.open(path)
    with picture:
        return picture.convert("RGB")


def half_uploaded(name: str, folder: Path) -> Path:
    """A copy of the photograph `name` that ends in the middle, as a lost connection leaves it."""
    whole = path_of(name).read_bytes()
    copy = folder / f"half-{name}"
    copy.write_bytes(whole[: len(whole) // 2])
    return copy


def film_frames(path: Path, enlarged: int = 16) -> Iterator[Image.Image]:
    """Every frame of a film in order, `enlarged` so that a drawn line does not hide it."""
    film = Image.open(path)
    with film:
        for still in ImageSequence.all_frames(film):
            size = (still.width * enlarged, still.height * enlarged)
            yield still.convert("RGB").resize(size, Image.Resampling.NEAREST)


def camera_move(photograph: Image.Image, steps: int = 90) -> Iterator[Image.Image]:
    """What a camera sees that moves over `photograph` from corner to corner and back, for ever."""
    room_x, room_y = photograph.width - _VIEW[0], photograph.height - _VIEW[1]
    there = range(steps)
    for step in itertools.cycle((*there, *reversed(there))):
        left, top = room_x * step // steps, room_y * step // steps
        yield photograph.crop((left, top, left + _VIEW[0], top + _VIEW[1]))


def live(pictures: Iterable[Image.Image], rate: float, limit: int) -> Iterator[Shown]:
    """`limit` of the `pictures`, at the pace of a camera that takes `rate` of them a second.

    A camera does not wait: pictures taken while the last one was being worked on are dropped, and
    counted on the next one shown. `fps` is the rate reached since the frame before.
    """
    started = last = time.perf_counter()
    source = enumerate(pictures)
    for index in range(limit):
        due = int((time.perf_counter() - started) * rate)
        taken, picture = next(source)
        dropped = 0
        while taken < due:
            taken, picture = next(source)
            dropped += 1
        time.sleep(max(0.0, started + taken / rate - time.perf_counter()))
        now = time.perf_counter()
        yield Shown(index, dropped, round(1 / (now - last), 1) if index else None, picture)
        last = now

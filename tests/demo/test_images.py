"""The pictures that the demo works on, and the vision that it does."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("skimage", reason="the demo's own requirements are not installed")
pytest.importorskip("PIL", reason="the demo's own requirements are not installed")

from otel_forgesyte.demo import images, vision

if TYPE_CHECKING:
    from pathlib import Path


def test_every_picture_lies_in_the_installed_wheel() -> None:
    names = (*images.PHOTOGRAPHS, images.PRINTED_PAGE, *images.WITHOUT_PRINT, images.FILM)

    assert [name for name in names if not images.path_of(name).is_file()] == []


def test_the_cascade_finds_the_astronauts_face_and_none_in_a_cup_of_coffee() -> None:
    finder = vision.FaceFinder()

    (face,) = finder.boxes(images.decoded(images.path_of("astronaut.png")))
    left, top, right, bottom = face

    assert 150 < left < 200 < right < 300
    assert 50 < top < 100 < bottom < 200
    assert finder.boxes(images.decoded(images.path_of("coffee.png"))) == []


def test_the_printed_page_has_seven_lines_and_the_others_none() -> None:
    counted = [
        vision.printed_lines(images.decoded(images.path_of(name)))
        for name in (images.PRINTED_PAGE, *images.WITHOUT_PRINT)
    ]

    assert counted == [7, 0, 0]


def test_a_half_uploaded_photograph_cannot_be_decoded(tmp_path: Path) -> None:
    half = images.half_uploaded("rocket.jpg", tmp_path)

    with pytest.raises(OSError, match="truncated"):
        images.decoded(half)


def test_the_film_has_24_frames_and_something_moves_in_it() -> None:
    film = list(images.film_frames(images.path_of(images.FILM)))

    assert len(film) == 24
    assert vision.moved_box(film[0], film[1]) is not None
    assert vision.moved_box(film[0], film[0]) is None


def test_a_slow_viewer_drops_the_frames_taken_meanwhile_and_counts_them() -> None:
    photograph = images.decoded(images.path_of("astronaut.png"))
    shown: list[images.Shown] = []

    for picture in images.live(images.camera_move(photograph), rate=200.0, limit=4):
        shown.append(picture)
        time.sleep(0.03)

    assert [s.index for s in shown] == [0, 1, 2, 3]
    assert shown[0].fps is None
    assert all(s.dropped >= 5 for s in shown[1:])


def test_the_overlay_is_drawn_on_a_copy() -> None:
    photograph = images.decoded(images.path_of("camera.png"))
    untouched = photograph.tobytes()

    drawn = vision.draw_overlay(photograph, [(10, 40, 60, 90)], "frame 1")

    assert photograph.tobytes() == untouched
    assert drawn.getpixel((10, 60)) == (255, 64, 64)

"""The vision itself, without a word of telemetry: plain functions from pictures to results."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import ImageChops, ImageDraw
from skimage import data, feature, filters, measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    Box = tuple[int, int, int, int]

# scikit-image declares itself typed, and leaves its functions without types.
_data: Any = data
_feature: Any = feature
_filters: Any = filters
_measure: Any = measure

_LETTER_HEIGHT = range(6, 25)
_LETTER_WIDTH_MAX = 40
_INK_MIN = 12
_LETTERS_PER_ROW_MIN = 5
_EDGE = 0.1
_MOVED = 24


class FaceFinder:
    """The trained face cascade, loaded (8 ms).

    Make one in each thread: nothing says that a cascade may search two pictures at once.
    """

    def __init__(self, smallest: int = 60) -> None:
        self._smallest = smallest
        self._cascade = _feature.Cascade(_data.lbp_frontal_face_cascade_filename())

    def boxes(self, picture: Image.Image) -> list[Box]:
        """Left, top, right and bottom of every face in the picture, in pixels."""
        found: list[dict[str, int]] = self._cascade.detect_multi_scale(
            img=np.asarray(picture),
            scale_factor=1.2,
            step_ratio=1,
            min_size=(self._smallest, self._smallest),
            max_size=(3 * self._smallest, 3 * self._smallest),
        )
        return [(f["c"], f["r"], f["c"] + f["width"], f["r"] + f["height"]) for f in found]


def edge_strength(picture: Image.Image, device: str) -> dict[str, float]:
    """How sharp the picture is: mean gradient, and the share of pixels on an edge.

    The same lines run on a CPU (NumPy) and on a CUDA GPU (CuPy).

    Raises:
        ImportError: `device` is a GPU and CuPy is not installed.
        RuntimeError: CuPy found no usable GPU.
    """
    arrays: Any = importlib.import_module("numpy" if device == "cpu" else "cupy")
    grey = arrays.asarray(np.asarray(picture.convert("L"), dtype=np.float32) / 255)
    strength = arrays.hypot(*arrays.gradient(grey))
    return {"sharpness": float(strength.mean()), "on_edge": float((strength > _EDGE).mean())}


def printed_lines(picture: Image.Image) -> int:
    """How many lines of print there are: rows of letter-sized spots of ink, read from the left."""
    grey = np.asarray(picture.convert("L"), dtype=np.float32) / 255
    threshold = _filters.threshold_sauvola(grey, window_size=25, k=0.2)
    letters_in_row = np.zeros(grey.shape[0])
    for spot in _measure.regionprops(_measure.label(grey < threshold)):
        top, left, bottom, right = spot.bbox
        is_letter = bottom - top in _LETTER_HEIGHT and right - left <= _LETTER_WIDTH_MAX
        if is_letter and spot.area >= _INK_MIN:
            letters_in_row[top:bottom] += 1
    in_line = letters_in_row >= _LETTERS_PER_ROW_MIN
    return int(np.count_nonzero(np.diff(in_line.astype(np.int8), prepend=0) == 1))


def moved_box(before: Image.Image, after: Image.Image) -> Box | None:
    """The smallest box around everything that changed between two frames, if anything did."""
    change = ImageChops.difference(before, after).convert("L")
    return change.point([0] * _MOVED + [255] * (256 - _MOVED)).getbbox()


def draw_overlay(picture: Image.Image, boxes: Sequence[Box], text: str) -> Image.Image:
    """The picture with its boxes and a caption drawn over it."""
    drawn = picture.copy()
    pen = ImageDraw.Draw(drawn)
    for box in boxes:
        pen.rectangle(box, outline=(255, 64, 64), width=2)
    pen.rectangle((0, 0, 8 + 7 * len(text), 14), fill=(0, 0, 0))
    pen.text((4, 1), text, fill=(255, 255, 255))
    return drawn

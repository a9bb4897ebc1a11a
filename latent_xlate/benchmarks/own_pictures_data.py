"""Coloured pictures as a person might have them: shapes and letters, drawn at random, in folders of PNG files."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from latent_xlate import files
from latent_xlate.data.images import labelled_images
from latent_xlate.data.labelled import Labelled

SHAPES = ("circle", "square", "triangle")
LETTERS = ("A", "B", "C")

FONTS = (
    "DejaVuSans", "DejaVuSerif", "STIXGeneral", "cmr10", "DejaVuSansMono", "cmss10", "DejaVuSans-Bold",
    "DejaVuSerif-Bold", "STIXGeneralBol", "cmtt10", "DejaVuSansMono-Bold", "DejaVuSans-Oblique",
    "DejaVuSerif-Italic", "STIXGeneralItalic", "cmb10", "DejaVuSansMono-Oblique",
)  # fmt: skip
"""Fonts of letters, files that matplotlib brings, so that every machine draws the same pictures."""

HELD_OUT_FONTS = ("DejaVuSans-BoldOblique", "DejaVuSerif-BoldItalic", "STIXGeneralBolIta", "DejaVuSansMono-BoldOblique")
"""Fonts of matplotlib that `FONTS` does not have."""

SIZE = (0.4, 0.8)
"""Range of the extent of a shape or letter, as a share of the picture's side."""

MIN_CONTRAST = 0.35
"""Least distance between the colours of shape and ground, as a share of that between black and white."""

_OVERSAMPLING = 4

_Draw = Callable[[np.random.Generator, float], Image.Image]
"""Draws an instance of a given extent, in pixels, as a mask ("L") of its own size."""


def coloured_shapes(count: int, seed: int, image_size: int = 64) -> Labelled:
    """Draws circles, squares and triangles of any colour on a ground of any colour, at any place, size and angle.

    Args:
        count: Number of pictures of each class.
        seed: Seed of all random numbers.
        image_size: Height and width.

    Returns:
        uint8 pictures [3 count, image_size, image_size, 3], those of each class in turn.
    """
    return _pictures([_shape(name) for name in SHAPES], SHAPES, count, seed, image_size)


def coloured_letters(count: int, seed: int, image_size: int = 64, fonts: Sequence[str] = FONTS) -> Labelled:
    """Draws A, B and C as `coloured_shapes` draws shapes, but turned by at most 20 degrees.

    Args:
        count: Number of pictures of each class.
        seed: Seed of all random numbers.
        image_size: Height and width.
        fonts: Names of font files of matplotlib, `FONTS` or `HELD_OUT_FONTS`, or paths; without the ending.

    Returns:
        uint8 pictures [3 count, image_size, image_size, 3], those of each class in turn.
    """
    return _pictures([_letter(name, fonts) for name in LETTERS], LETTERS, count, seed, image_size)


def write_folder(pictures: Labelled, folder: str | os.PathLike) -> Path:
    """Writes labelled pictures as `CLASS/0000.png` and so on; returns the folder."""
    folder = files.output_folder(folder)
    for label, name in enumerate(pictures.class_names):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for i, pixels in enumerate(pictures.content[pictures.labels == label]):
            Image.fromarray(pixels).save(folder / name / f"{i:04}.png")
    return folder


def _pictures(draws: Sequence[_Draw], names: Sequence[str], count: int, seed: int, image_size: int) -> Labelled:
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(names)), count)
    pixels = np.stack([_picture(draws[label], rng, image_size) for label in labels.tolist()])
    return labelled_images(pixels, labels, tuple(names))


def _picture(draw: _Draw, rng: np.random.Generator, image_size: int) -> np.ndarray:
    """One picture, uint8 [image_size, image_size, 3]."""
    side = image_size * _OVERSAMPLING
    ink = draw(rng, side * rng.uniform(*SIZE))
    mask = Image.new("L", (side, side))
    left, top = (int(rng.uniform(0, side - extent)) for extent in ink.size)
    mask.paste(ink, (left, top))
    share = np.asarray(mask.resize((image_size, image_size), Image.Resampling.BOX), np.float64)[..., None] / 255
    ground, colour = _colours(rng)
    return np.round(255 * (ground + share * (colour - ground))).astype(np.uint8)


def _colours(rng: np.random.Generator) -> np.ndarray:
    """Two colours that can be told apart, [2, 3] in [0, 1]."""
    while True:
        colours = rng.uniform(size=(2, 3))
        if np.linalg.norm(colours[1] - colours[0]) >= MIN_CONTRAST * np.sqrt(3):
            return colours


def _shape(name: str) -> _Draw:
    def draw(rng: np.random.Generator, extent: float) -> Image.Image:
        corners = {"circle": 180, "square": 4, "triangle": 3}[name]
        angles = rng.uniform(0, 2 * np.pi) + 2 * np.pi * np.arange(corners) / corners
        points = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        points = (points - points.min(axis=0)) / np.ptp(points, axis=0).max() * extent
        width, height = (int(size) + 1 for size in points.max(axis=0))
        image = Image.new("L", (width, height))
        ImageDraw.Draw(image).polygon([tuple(point) for point in points], fill=255)
        return image

    return draw


def _letter(name: str, fonts: Sequence[str]) -> _Draw:
    folder = Path(matplotlib.get_data_path(), "fonts", "ttf")

    def draw(rng: np.random.Generator, extent: float) -> Image.Image:
        font = ImageFont.truetype(folder / f"{rng.choice(fonts)}.ttf", 256)
        left, top, right, bottom = font.getbbox(name)
        image = Image.new("L", (math.ceil(right - left), math.ceil(bottom - top)))
        ImageDraw.Draw(image).text((-left, -top), name, fill=255, font=font)
        image = image.rotate(rng.uniform(-20, 20), Image.Resampling.BICUBIC, expand=True)
        scale = extent / max(image.size)
        return image.resize([max(1, round(scale * size)) for size in image.size], Image.Resampling.BOX)

    return draw

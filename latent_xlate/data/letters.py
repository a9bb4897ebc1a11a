"""Letters in many fonts and colours: the data set `letters`, drawn with fonts of Debian's."""

from __future__ import annotations

import colorsys
import os
from pathlib import Path

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from latent_xlate.data import images, labelled, packages
from latent_xlate.modalities.image import Image

NAME = "letters"
LETTERS = tuple("BCDFGHPSVZ")
"""The classes: the initials of those of `emoji`."""

IMAGE = Image(64, 64, 3, invert="never")

FONT_PACKAGES = (
    "fonts-cabin", "fonts-cantarell", "fonts-comfortaa", "fonts-courier-prime", "fonts-crosextra-caladea",
    "fonts-crosextra-carlito", "fonts-dosis", "fonts-ebgaramond", "fonts-inconsolata", "fonts-jetbrains-mono",
    "fonts-junction", "fonts-lato", "fonts-liberation", "fonts-lobster", "fonts-lobstertwo", "fonts-open-sans",
    "fonts-play", "fonts-quicksand", "fonts-sil-gentium-basic", "fonts-yanone-kaffeesatz",
)  # fmt: skip
"""Packages of fonts, all under the SIL Open Font License or the Apache License."""

TEST_SHARE = 6
"""One font in so many is of test images."""

SIZE = (0.55, 0.9)
"""Range of the extent of a letter, as a share of the picture's side."""

_OVERSAMPLING = 4
_POINTS = 256
_MOST_OFF = 8  # Of the middle, in pixels before the picture is reduced.


def read_letters(folder: str | os.PathLike) -> labelled.Splits:
    """Downloads the fonts and draws letters, each in a colour and a size of its own, on white.

    Args:
        folder: An empty folder for downloads.

    Returns:
        "train" and "test", which have no font in common.

    Raises:
        ValueError: A program of Debian's is missing or has failed.
    """
    root = packages.unpack_debian(list(FONT_PACKAGES), folder)
    return draw_letters(sorted(path for path in root.rglob("*.[to]tf") if _has_letters(path)))


def draw_letters(fonts: list[Path], seed: int = 0) -> labelled.Splits:
    """Draws the letters.

    Args:
        fonts: Files of fonts; every `TEST_SHARE`th is a test font.
        seed: Seed of colours and sizes.

    Returns:
        "train" and "test".
    """
    rng = np.random.default_rng(seed)
    drawn: dict[str, list[tuple[np.ndarray, int]]] = {"train": [], "test": []}
    for number, path in enumerate(fonts):
        font = ImageFont.truetype(path, _POINTS)
        split = "test" if number % TEST_SHARE == TEST_SHARE - 1 else "train"
        for label, letter in enumerate(LETTERS):
            drawn[split].append((_draw(letter, font, rng), label))
    return {split: images.of_pairs(pairs, LETTERS, IMAGE) for split, pairs in drawn.items()}


def _has_letters(path: Path) -> bool:
    """Whether a font has shapes of its own for the letters, and is not one of symbols."""
    font = ImageFont.truetype(path, _POINTS)
    shapes = [font.getmask(letter) for letter in LETTERS]
    return len({(shape.size, bytes(shape)) for shape in shapes}) == len(LETTERS) and min(map(len, shapes)) > 0


def _draw(letter: str, font: ImageFont.FreeTypeFont, rng: np.random.Generator) -> np.ndarray:
    """One picture, uint8 [height, width, 3]."""
    left, top, right, bottom = map(round, font.getbbox(letter))
    ink = PillowImage.new("L", (right - left, bottom - top))
    ImageDraw.Draw(ink).text((-left, -top), letter, fill=255, font=font)
    side = IMAGE.height * _OVERSAMPLING
    scale = rng.uniform(*SIZE) * side / max(ink.size)
    width, height = (max(1, round(scale * size)) for size in ink.size)
    left, top = ((side - size) // 2 + int(rng.integers(-_MOST_OFF, _MOST_OFF + 1)) for size in (width, height))
    mask = PillowImage.new("L", (side, side))
    mask.paste(ink.resize((width, height), PillowImage.Resampling.LANCZOS), (left, top))
    mask = mask.resize((IMAGE.width, IMAGE.height), PillowImage.Resampling.BOX)
    colour = np.array(colorsys.hsv_to_rgb(rng.uniform(), rng.uniform(0.5, 1.0), rng.uniform(0.3, 0.95)))
    return np.round(255 - np.asarray(mask)[..., np.newaxis] * (1.0 - colour)).astype(np.uint8)

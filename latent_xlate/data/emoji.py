"""Emoji in colour, of two sets, in ten classes: the data set `emoji`, from npm's registry."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as PillowImage

from latent_xlate.data import images, labelled, packages
from latent_xlate.modalities.image import Image

NAME = "emoji"
IMAGE = Image(64, 64, 3, invert="never")

SETS = ("google", "twitter")
"""Noto Emoji (Google, Apache License 2.0) and Twemoji (Twitter and others, CC BY 4.0)."""

VERSION = "16.0.0"
"""Version of the packages `emoji-datasource-SET`."""

TEST_SHARE = 6
"""One emoji in so many is a test image, in both sets and in all tones of skin."""

_SUBCATEGORIES: Mapping[str, tuple[str, ...]] = {
    "building": ("place-building",),
    "clock": ("time",),
    "drink": ("drink",),
    "flag": ("country-flag",),
    "gesture": ("hand-fingers-open", "hand-fingers-partial", "hand-single-finger", "hand-fingers-closed"),
    "heart": ("heart",),
    "person": ("person",),
    "smiley": (
        "face-smiling", "face-affection", "face-tongue", "face-neutral-skeptical", "face-concerned", "face-unwell",
    ),
    "vehicle": ("transport-ground",),
    "zodiac": ("zodiac",),
}  # fmt: skip
"""Subcategories of Unicode by class."""

_LEFT_OUT = frozenset((
    "building_construction", "tokyo_tower", "statue_of_liberty", "bricks", "rock", "wood", "mantelpiece_clock",
    "stopwatch", "timer_clock", "watch", "alarm_clock", "hourglass", "hourglass_flowing_sand", "ice_cube",
    "pouring_liquid", "love_letter", "station", "busstop", "mountain_railway", "traffic_light",
    "vertical_traffic_light", "construction", "rotating_light", "octagonal_sign", "wheel", "oil_drum", "motorway",
    "railway_track", "fuelpump", "skateboard", "roller_skate",
))  # fmt: skip
"""Emoji of these subcategories that show something else than their class says."""

_TONES = ("1F3FB", "1F3FD", "1F3FF")
"""Tones of skin, beside yellow: light, medium and dark."""

_EVERY_FLAG = 4  # There are 259.


def read_emoji(folder: str | os.PathLike) -> labelled.Splits:
    """Downloads the packages and reads their pictures.

    Args:
        folder: An empty folder for downloads.

    Returns:
        "train" and "test", which have no emoji in common.

    Raises:
        ValueError: npm is missing or has failed, or a package holds something else than it did.
    """
    unpacked = [_unpack(emoji_set, Path(folder) / emoji_set) for emoji_set in SETS]
    try:
        chosen = _choose(json.loads((unpacked[0] / "emoji.json").read_text(encoding="utf-8")))
        splits: dict[str, list[tuple[np.ndarray, int]]] = {"train": [], "test": []}
        for label, emoji in enumerate(chosen.values()):
            for number, files in enumerate(emoji):
                split = "test" if number % TEST_SHARE == TEST_SHARE - 1 else "train"
                for package, emoji_set in zip(unpacked, SETS, strict=True):
                    splits[split] += [(_read(package / "img" / emoji_set / "64" / file), label) for file in files]
    except (OSError, KeyError, ValueError) as error:
        raise ValueError(f"The packages of emoji hold something else than version {VERSION} did ({error}).") from None
    return {split: images.of_pairs(pairs, tuple(chosen), IMAGE) for split, pairs in splits.items()}


def _unpack(emoji_set: str, folder: Path) -> Path:
    def wanted(name: str) -> bool:
        return name == "emoji.json" or name.startswith(f"img/{emoji_set}/64/")

    return packages.unpack_npm(f"emoji-datasource-{emoji_set}", VERSION, folder, wanted)


def _choose(emoji: list[dict[str, Any]]) -> dict[str, list[list[str]]]:
    """For each class the names of the files of each of its emoji, the first one without a tone of skin."""
    chosen: dict[str, list[list[str]]] = {}
    for name, subcategories in _SUBCATEGORIES.items():
        of_class = [each for each in emoji if each["subcategory"] in subcategories]
        of_class = [each for each in of_class if _is_shown(each)]
        if name == "flag":
            of_class = of_class[::_EVERY_FLAG]
        chosen[name] = [
            [each["image"], *(toned["image"] for tone in _TONES for toned in _toned(each, tone))]
            for each in sorted(of_class, key=lambda each: each["sort_order"])
        ]
    return chosen


def _is_shown(emoji: dict[str, Any]) -> bool:
    return emoji["short_name"] not in _LEFT_OUT and all(emoji[f"has_img_{emoji_set}"] for emoji_set in SETS)


def _toned(emoji: dict[str, Any], tone: str) -> list[dict[str, Any]]:
    return [emoji["skin_variations"][tone]] if tone in emoji.get("skin_variations", {}) else []


def _read(path: Path) -> np.ndarray:
    """A picture on white, uint8 [height, width, 3]."""
    with PillowImage.open(path) as picture:
        ground = PillowImage.new("RGBA", picture.size, "white")
        ground.alpha_composite(picture.convert("RGBA"))
        pixels = np.asarray(ground.convert("RGB"))
    if pixels.shape != IMAGE.shape:
        raise ValueError(f"{path.name} has {pixels.shape[1]}x{pixels.shape[0]} pixels")
    return pixels

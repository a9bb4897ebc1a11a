"""What a folder of pictures holds: their sizes, and whether they are in colour."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from latent_xlate import folders
from latent_xlate.modalities.image import Image
from latent_xlate.modalities.image_files import decode_file

LARGEST_SIZE = 128
"""Largest height and width that is chosen for a model."""

_SMALLEST_SIZE = 16
_SIZE_STEP = 8
_MOST_READ = 200
_COLOURED_PIXEL = 0.1  # Smallest difference between two channels of a pixel that looks coloured.
_COLOURED_PICTURE = 0.01  # Smallest share of such pixels in a picture in colour.
_COLOURED_FOLDER = 0.05  # Smallest share of such pictures in a folder in colour.


@dataclasses.dataclass(frozen=True)
class PictureSurvey:
    """What was found in up to 200 pictures of a folder.

    Attributes:
        sides: The longer sides of the pictures, in pixels, ascending.
        is_coloured: Whether some of them are in colour.
    """

    sides: Sequence[int]
    is_coloured: bool

    @property
    def channels(self) -> int:
        """Number of channels of a model for them: 3 in colour, 1 in grey."""
        return 3 if self.is_coloured else 1

    @property
    def image_size(self) -> int:
        """Height and width of a model for them: the middle one of `sides`, up to a multiple of 8, in [16, 128]."""
        middle = self.sides[len(self.sides) // 2]
        return int(np.clip(-(-middle // _SIZE_STEP) * _SIZE_STEP, _SMALLEST_SIZE, LARGEST_SIZE))


def survey(folder: str | os.PathLike) -> PictureSurvey | None:
    """Looks at up to 200 of the pictures in a folder, in its subfolders, and in theirs.

    Files that cannot be read are left to the training set to refuse.

    Returns:
        What they are like; None if there are none.
    """
    paths = sorted(
        path
        for pattern in ("*", "*/*", "*/*/*")
        for path in Path(folder).glob(pattern)
        if path.suffix.lower() in Image.file_suffixes and folders.is_file(path)
    )
    sides, coloured = [], []
    for path in paths[:: -(-len(paths) // _MOST_READ) or 1]:
        try:
            picture = decode_file(path.read_bytes())
        except (OSError, tf.errors.InvalidArgumentError):
            continue
        sides.append(max(picture.shape[:2]))
        coloured.append(_is_coloured(picture))
    return PictureSurvey(sorted(sides), bool(np.mean(coloured) >= _COLOURED_FOLDER)) if sides else None


def _is_coloured(picture: np.ndarray) -> bool:
    """Whether a picture, uint8 [height, width, 4], has pixels that are neither grey nor transparent."""
    colour = picture[..., :3].astype(np.int16)
    differs = (colour.max(axis=-1) - colour.min(axis=-1) > 255 * _COLOURED_PIXEL) & (picture[..., 3] > 0)
    return bool(differs.mean() >= _COLOURED_PICTURE)

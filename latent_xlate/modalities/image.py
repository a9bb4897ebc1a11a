"""Images as a modality."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Self

import numpy as np
import tensorflow as tf

from latent_xlate import checks
from latent_xlate.modalities import gif_files, image_files
from latent_xlate.modalities.framing import FRAMINGS
from latent_xlate.modalities.modality import Modality, register


@register
@dataclasses.dataclass(frozen=True)
class Image(Modality):
    """Grey or colour images of one size, in [0, 1].

    Attributes:
        height, width: Size of an image, in pixels.
        channels: 1 (grey) or 3 (RGB).
        invert: Whether reading a file inverts the image, from dark on bright to bright on dark: "auto" (if its corners
            are bright), "never" or "always".
        framing: How reading a file frames the picture: "letterbox", "stretch" or "ink"; see `framing.FRAMINGS`. With
            "ink" the result is bright ink on black; `invert` then says that the ink in files is whatever stands out
            from its ground ("auto"), brighter ("never") or darker ("always").
    """

    kind = "image"
    noun = "image"
    file_suffixes = (".png", ".jpg", ".jpeg", ".jfif", ".gif", ".bmp")
    other_suffixes = (".webp", ".tif", ".tiff", ".heic", ".heif", ".avif", ".svg", ".jxl", ".jp2", ".ico", ".psd")
    file_suffix = ".png"
    limits = (0.0, 1.0)
    stored_dtype = np.uint8
    full_scale = 255.0
    is_drawn = True

    height: int
    width: int
    channels: int = 1
    invert: str = "auto"
    framing: str = "letterbox"

    def __post_init__(self) -> None:
        """Checks the settings."""
        if min(self.height, self.width) < 1:
            raise ValueError(f"The image size is {self.height}x{self.width}; it must be positive.")
        checks.known(self.invert, image_files.INVERT, "invert")
        checks.known(self.framing, FRAMINGS, "framing")

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.height, self.width, self.channels)

    @classmethod
    def of_shape(cls, shape: Sequence[int]) -> Self | None:
        """Returns the modality of images if the shape is (height, width, 1 or 3), else None."""
        if len(shape) != 3 or shape[-1] not in (1, 3):
            return None
        height, width, channels = shape
        return cls(height, width, channels)

    def check(self, x: np.ndarray) -> np.ndarray:
        return checks.unit_images(x, self.shape)

    def read(self, files: tf.Tensor) -> tf.Tensor:
        return image_files.read_pictures(files, self.shape, self.framing, self.invert)

    def left_out(self, content: bytes) -> str:
        count = gif_files.num_frames(content) if content.startswith(gif_files.MAGIC) else 1
        return f"only the first of its {count} pictures is read" if count > 1 else ""

    def older_form(self, content: bytes) -> bytes:
        return image_files.to_png(content)

    def write(self, x: tf.Tensor) -> tf.Tensor:
        return image_files.write_pictures(x)

    def pictures(self, x: tf.Tensor) -> tf.Tensor:
        return x

    def picture_of_file(self, content: bytes) -> np.ndarray:
        """Shows a file in its own size and colours, with white in place of transparency."""
        return image_files.on_white(content)

    def augmented(self, content: np.ndarray) -> list[np.ndarray]:
        """Returns all images moved by a pixel up, then down, left and right, filled with black."""
        padded = np.pad(content, ((0, 0), (1, 1), (1, 1), (0, 0)))
        height, width = content.shape[1:3]
        moves = ((2, 1), (0, 1), (1, 2), (1, 0))
        return [padded[:, y : y + height, x : x + width] for y, x in moves]

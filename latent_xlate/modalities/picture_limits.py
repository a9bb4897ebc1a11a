"""Limits of picture files, which are checked in graph before anything is decoded."""

from __future__ import annotations

import tensorflow as tf

from latent_xlate.checks import BAD_PICTURE
from latent_xlate.modalities import refusals

MAX_PIXELS = 2**24
"""Largest number of pixels of an image, above that of common phone cameras; decoding takes about a gigabyte."""

MAX_GIF_BYTES = 2**18
"""Largest size of a GIF, in bytes. Its blocks are searched for the first frame."""


def require(condition: tf.Tensor, sentence: str = BAD_PICTURE) -> list[tf.Operation]:
    """Asserts a condition of a picture; see `refusals.require`."""
    return refusals.require(condition, sentence)


def require_size(height: tf.Tensor, width: tf.Tensor) -> list[tf.Operation]:
    """Asserts that a picture, whose height and width are int64 scalars, has pixels and at most `MAX_PIXELS`."""
    # The two comparisons of a single side keep the product from overflowing.
    is_small = (height <= MAX_PIXELS) & (width <= MAX_PIXELS) & (height * width <= MAX_PIXELS)
    too_large = f"The picture has more than {MAX_PIXELS} pixels: scale it down."
    return require((height > 0) & (width > 0)) + require(is_small, too_large)

"""Decoding of JPEG files in graph."""

from __future__ import annotations

import tensorflow as tf

from latent_xlate.modalities import byte_fields
from latent_xlate.modalities.picture_limits import require, require_size

MAGIC = b"\xff\xd8\xff"

_EXIF = b"Exif\0\0"
_MOST_SEGMENTS = 4096
_START_OF_SCAN, _END = 0xDA, 0xD9
_APP1 = 0xE1

_ADOBE = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"
"""Segment that says that four channels are CMYK, inverted, as all programs write them; a later one overrides it."""


def decode(file: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Decodes a grey, RGB or CMYK file.

    Returns:
        RGB and opacity, uint8 [height, width, 4]; and EXIF data, "" if there are none.

    Raises:
        tf.errors.InvalidArgumentError: The file is damaged or too large.
    """
    height, width, channels = tf.unstack(tf.io.extract_jpeg_shape(file, tf.int64), num=3)
    with tf.control_dependencies(require_size(height, width)):
        known = tf.where(channels == 4, MAGIC[:2] + _ADOBE + byte_fields.rest(file, 2), file)
    # The default method may be one that is faster and less exact than that of other programs.
    image = tf.io.decode_jpeg(known, channels=3, dct_method="INTEGER_ACCURATE")
    has_exif = tf.size(byte_fields.split(file, _EXIF)) > 1
    exif = tf.cond(has_exif, lambda: _exif(file), lambda: tf.constant(b""))
    return tf.pad(image, [[0, 0], [0, 0], [0, 1]], constant_values=255), exif


def _exif(file: tf.Tensor) -> tf.Tensor:
    """Finds the EXIF data of the picture, not of a smaller one within it: string scalar, "" if there are none."""
    length = tf.strings.length(file)

    def walk(start: tf.Tensor, found: tf.Tensor, is_over: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        head = byte_fields.field(file, start, 4)
        marker, size = head[1], tf.cast(byte_fields.big(head[2:]), tf.int32)
        is_filler = (head[0] != 0xFF) | (marker == 0xFF) | (marker == 0)
        is_alone = (marker == 1) | ((marker >= 0xD0) & (marker <= 0xD8))
        is_exif = ~is_filler & (marker == _APP1) & (byte_fields.rest(file, start + 4, len(_EXIF)) == _EXIF)
        found = tf.cond(is_exif, lambda: byte_fields.rest(file, start + 4 + len(_EXIF), size), lambda: found)
        is_last = ~is_filler & ((marker == _START_OF_SCAN) | (marker == _END))
        following = start + tf.where(is_filler, 1, tf.where(is_alone, 2, 2 + size))
        return following, found, is_exif | is_last | (following >= length)

    _, found, is_over = tf.while_loop(
        lambda start, found, is_over: ~is_over,
        walk,
        (tf.constant(len(MAGIC) - 1), tf.constant(b""), tf.constant(False)),
        maximum_iterations=_MOST_SEGMENTS,
    )
    with tf.control_dependencies(require(is_over)):
        return tf.identity(found)

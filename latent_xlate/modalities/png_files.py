"""Decoding of PNG files in graph."""

from __future__ import annotations

import tensorflow as tf

from latent_xlate.modalities import byte_fields
from latent_xlate.modalities.picture_limits import require, require_size

MAGIC = b"\x89PNG"

_SIGNATURE = 8  # Number of bytes before the first chunk.
_EXIF = b"eXIf"


def decode(file: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Decodes a file of any colour type and depth.

    Returns:
        RGB and opacity, uint8 [height, width, 4]; and EXIF data, "" if there are none.

    Raises:
        tf.errors.InvalidArgumentError: The file is damaged or too large.
    """
    head = byte_fields.field(file, _SIGNATURE + 8, 9)
    width, height = tf.unstack(byte_fields.big(tf.reshape(head[:8], [2, 4])))
    is_first = byte_fields.rest(file, _SIGNATURE + 4, 4) == b"IHDR"
    with tf.control_dependencies(require(is_first) + require_size(height, width)):
        file = tf.identity(file)
    image, depth = tf.io.decode_png(file, channels=4), head[8]
    image = tf.cond(depth < 8, lambda: _scaled(image, tf.io.decode_png(file, channels=3), depth), lambda: image)
    return image, _exif(byte_fields.split(file, _EXIF)[1:])


def _scaled(image: tf.Tensor, colours: tf.Tensor, depth: tf.Tensor) -> tf.Tensor:
    """Scales an opaque picture of fewer than 8 bits, RGBA, which the decoder does not, to colours that it has scaled.

    The decoder gives such a picture the largest opacity of its own depth.
    """
    most = tf.cast(tf.bitwise.left_shift(tf.ones([], tf.int64), depth) - 1, tf.uint8)
    opacity = tf.where(tf.reduce_all(image[..., 3:] == most), tf.constant(255, tf.uint8), image[..., 3:])
    return tf.concat([colours, opacity], axis=-1)


def _exif(parts: tf.Tensor) -> tf.Tensor:
    """Chooses EXIF data, string scalar, among the parts of a file behind the name of their chunk, string [n].

    The name may stand in a text or in the pixels, too, but without the header of a TIFF file behind it.
    """
    head = tf.strings.substr(parts, 0, 4)
    found = tf.boolean_mask(parts, (head == b"II*\0") | (head == b"MM\0*"))
    return tf.concat([found, [b""]], axis=0)[0]

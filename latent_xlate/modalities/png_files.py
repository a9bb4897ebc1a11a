"""Decoding of PNG files in graph."""

from __future__ import annotations

import tensorflow as tf

from latent_xlate.modalities import byte_fields, exif
from latent_xlate.modalities.picture_limits import require

MAGIC = b"\x89PNG"

_SIGNATURE = 8  # Number of bytes before the first chunk.
_EXIF = b"eXIf"


def size(file: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Reads height and width, int64 scalars, from the header, with which a PNG file must begin."""
    with tf.control_dependencies(require(byte_fields.starts(file, b"IHDR", _SIGNATURE + 4))):
        width, height = tf.unstack(byte_fields.big(tf.reshape(byte_fields.field(file, _SIGNATURE + 8, 8), [2, 4])))
    return height, width


def decode(file: tf.Tensor) -> tf.Tensor:
    """Decodes a file of any colour type and depth to upright RGB and opacity: uint8 [height, width, 4]."""
    image = tf.io.decode_png(file, channels=4)
    depth = byte_fields.field(file, _SIGNATURE + 16, 1)[0]
    image = tf.cond(depth < 8, lambda: _scaled(image, tf.io.decode_png(file, channels=3), depth), lambda: image)
    parts = byte_fields.split(file, _EXIF)
    return tf.cond(tf.size(parts) > 1, lambda: exif.upright(image, _orientation(parts[1:])), lambda: image)


def _scaled(image: tf.Tensor, colours: tf.Tensor, depth: tf.Tensor) -> tf.Tensor:
    """Scales an opaque picture of fewer than 8 bits, RGBA, which the decoder does not, to colours that it has scaled.

    The decoder gives such a picture the largest opacity of its own depth.
    """
    most = tf.cast(tf.bitwise.left_shift(tf.ones([], tf.int64), depth) - 1, tf.uint8)
    opacity = tf.where(tf.reduce_all(image[..., 3:] == most), tf.constant(255, tf.uint8), image[..., 3:])
    return tf.concat([colours, opacity], axis=-1)


def _orientation(parts: tf.Tensor) -> tf.Tensor:
    """Reads the orientation from the parts of a file behind the name of the chunk, string [n].

    The name may stand in a text or in the pixels, too, but without the header of a TIFF file behind it.
    """
    head = tf.strings.substr(parts, 0, 4)
    tiff = tf.boolean_mask(parts, (head == b"II*\0") | (head == b"MM\0*"))
    return exif.orientation(tf.concat([tiff, [b""]], axis=0)[0])

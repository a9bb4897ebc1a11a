"""The size of a picture before it is decoded, in graph: a file of some kilobytes can hold gigabytes of pixels."""

from __future__ import annotations

import tensorflow as tf

MAX_PIXELS = 2**24
"""Of a picture, more than a phone's camera takes. Decoded it fills about a gigabyte on its way."""

MAX_GIF_BYTES = 2**18
"""Of a GIF, whose size says nothing: all its frames are decoded, and each byte may hold thousands of pixels."""

_HEADER = 26


def check_size(file: tf.Tensor) -> tf.Tensor:
    """Returns a file's bytes as they are, string scalar, if they are a picture not too large to decode.

    Args:
        file: string scalar.

    Raises:
        tf.errors.InvalidArgumentError: No PNG, JPEG, GIF or BMP (TensorFlow decodes WebP and JPEG XL too,
            whose size is not known here), more than MAX_PIXELS, or a GIF of more than MAX_GIF_BYTES.
    """
    is_gif = tf.strings.substr(file, 0, 4) == b"GIF8"
    gif_bytes = tf.where(is_gif, tf.strings.length(file), 0)
    pixels = num_pixels(file)
    checks = [
        tf.debugging.assert_greater_equal(
            pixels, tf.constant(0, tf.int64), "The file is no PNG, JPEG, GIF or BMP picture."
        ),
        tf.debugging.assert_less_equal(
            pixels, tf.constant(MAX_PIXELS, tf.int64), f"The picture has more than {MAX_PIXELS} pixels."
        ),
        tf.debugging.assert_less_equal(gif_bytes, MAX_GIF_BYTES, f"The GIF is larger than {MAX_GIF_BYTES} bytes."),
    ]
    with tf.control_dependencies([check for check in checks if check is not None]):  # In eager mode they are done.
        return tf.identity(file)


def num_pixels(file: tf.Tensor) -> tf.Tensor:
    """Width times height as a picture's header states them, int64 scalar; -1 for what is no picture."""
    head = tf.strings.substr(file, 0, _HEADER) + b"\0" * _HEADER  # No header is cut short.
    head = tf.cast(tf.ensure_shape(tf.io.decode_raw(head, tf.uint8)[:_HEADER], [_HEADER]), tf.int64)
    sizes = {
        b"\x89PNG": _number(head[16:20][::-1]) * _number(head[20:24][::-1]),
        b"GIF8": _number(head[6:8]) * _number(head[8:10]),
        b"BM": _number(head[18:22]) * _height(head[22:26]),
    }
    pixels = tf.constant(-1, tf.int64)
    for magic, size in sizes.items():
        pixels = tf.where(tf.strings.substr(file, 0, len(magic)) == magic, size, pixels)
    return tf.cond(tf.io.is_jpeg(file), lambda: _jpeg_pixels(file), lambda: pixels)


def _number(little_endian):
    number = tf.reduce_sum(little_endian * [256**i for i in range(little_endian.shape[0])])
    return tf.minimum(number, 2**31)  # So that no product overflows.


def _height(little_endian):
    """That of a bitmap, which is negative where it is stored from top to bottom."""
    return tf.abs(tf.cast(tf.bitcast(tf.cast(little_endian, tf.uint8), tf.int32), tf.int64))


def _jpeg_pixels(file):
    height, width, _ = tf.unstack(tf.io.extract_jpeg_shape(file, tf.int64), num=3)
    return height * width

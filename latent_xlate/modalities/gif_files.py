"""Decoding of the first frame of GIF files in graph.

TensorFlow's decoder makes transparent pixels black, and it decodes all frames, whatever their sizes. The first frame is
therefore cut out of the file, and decoded to the numbers of its colours.
"""

from __future__ import annotations

import io

import tensorflow as tf
from PIL import Image as PillowImage

from latent_xlate.modalities import byte_fields
from latent_xlate.modalities.picture_limits import MAX_GIF_BYTES, require, require_size

MAGIC = b"GIF8"

_HEADER = 13  # Number of bytes before the global table of colours.
_EXTENSION, _GRAPHIC_CONTROL, _FRAME = 0x21, 0xF9, 0x2C
_HAS_TABLE, _IS_INTERLACED, _TABLE_SIZE = 0x80, 0x40, 0x07
_COLOUR_NUMBERS = bytes(value for number in range(256) for value in (number, number, number))

_SECOND_FRAME = b"\x2c\0\0\0\0\1\0\1\0\0\2\2\x44\1\0\x3b"
"""A frame of one pixel and the end of the file. It is not decoded if the frame before it is damaged."""


def decode(file: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Decodes the first frame on its screen, which grows if the frame does not fit.

    Pixels of the screen that the frame does not cover are transparent if a colour of the frame is, else they have the
    first colour.

    Returns:
        RGB and opacity, uint8 [height, width, 4]; and "", for there are no EXIF data.

    Raises:
        tf.errors.InvalidArgumentError: The file is damaged, too large, or longer than `MAX_GIF_BYTES`.
    """
    too_large = f"The GIF is larger than {MAX_GIF_BYTES} bytes: save it again as PNG."
    with tf.control_dependencies(require(tf.strings.length(file) <= MAX_GIF_BYTES, too_large)):
        content = tf.cast(tf.io.decode_raw(file, tf.uint8), tf.int32)
    ends = _ends_of_data(content)
    head = byte_fields.field(file, 6, 5)
    screen_width, screen_height = tf.unstack(byte_fields.little(tf.reshape(head[:4], [2, 2])))
    flags = head[4]
    start, control = _first_frame(content, ends, _HEADER + _table_bytes(flags))
    frame = byte_fields.field(file, start, 10)
    left, top, width, height = tf.unstack(byte_fields.little(tf.reshape(frame[1:9], [4, 2])))
    below, beside = tf.maximum(screen_height - top - height, 0), tf.maximum(screen_width - left - width, 0)
    data = start + 10 + tf.cast(_table_bytes(frame[9]), tf.int32)
    end = tf.gather(ends, tf.minimum(data + 1, tf.size(content)))
    has_own = frame[9] & _HAS_TABLE != 0
    table_start = tf.where(has_own, start + 10, _HEADER)
    num_colours = tf.where(has_own, _table_bytes(frame[9]), _table_bytes(flags)) // 3
    is_whole = (frame[0] == _FRAME) & (end < tf.size(content)) & (num_colours > 0)
    checks = require(is_whole) + require_size(height, width) + require_size(top + height + below, left + width + beside)
    with tf.control_dependencies(checks):
        numbers = _decode_frame(
            byte_fields.rest(file, start + 5, 4), frame[9], byte_fields.rest(file, data, end + 1 - data)
        )
    with tf.control_dependencies(require(tf.reduce_max(numbers) < tf.cast(num_colours, tf.int32))):
        transparent = _transparent_colour(file, control)
    colours = tf.reshape(byte_fields.field(file, table_start, 3 * 256), [256, 3])
    opacity = tf.where(tf.range(256) == transparent, 0, 255)[:, tf.newaxis]
    colours = tf.concat([tf.cast(colours, tf.uint8), tf.cast(opacity, tf.uint8)], axis=1)
    margins = tf.cast([[top, below], [left, beside]], tf.int32)
    numbers = tf.pad(numbers, margins, constant_values=tf.maximum(transparent, 0))
    return tf.gather(colours, numbers), tf.constant(b"")


def num_frames(content: bytes) -> int:
    """Counts the frames of a file that `decode` decodes; 1 if what follows the first is damaged."""
    try:
        with PillowImage.open(io.BytesIO(content)) as opened:
            return int(getattr(opened, "n_frames", 1))
    except (OSError, ValueError, EOFError):
        return 1


def _table_bytes(flags: tf.Tensor) -> tf.Tensor:
    """Computes the size of the table of colours that flags of the file or of a frame, int64 scalar, announce."""
    sizes = tf.constant([3 * 2 ** (1 + power) for power in range(_TABLE_SIZE + 1)], tf.int64)
    return tf.where(flags & _HAS_TABLE != 0, sizes[flags & _TABLE_SIZE], 0)


def _ends_of_data(content: tf.Tensor) -> tf.Tensor:
    """Finds where data end that begin at any byte, in blocks of up to 255 bytes that begin with their sizes.

    Args:
        content: int32 [n], the bytes of a file.

    Returns:
        int32 [n + 1], the places of the empty blocks at the ends of the data; n if the file ends before.
    """
    place = tf.range(tf.size(content))
    following = tf.where(content > 0, tf.minimum(place + 1 + content, tf.size(content)), place)
    following = tf.concat([following, [tf.size(content)]], axis=0)
    return _followed(following, following)[0]


def _first_frame(content: tf.Tensor, ends: tf.Tensor, start: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Finds the first frame behind the extensions that begin at `start`.

    Returns:
        The place of the first block that is no extension, and that of the last graphic control extension before it, or
        -1; int32 scalars.
    """
    num_bytes = tf.size(content)
    place, padded = tf.range(num_bytes + 1), tf.pad(content, [[0, 2]])
    is_extension = padded[:-1] == _EXTENSION
    behind = tf.gather(ends, tf.minimum(place + 2, num_bytes)) + 1
    following = tf.where(is_extension, tf.minimum(behind, num_bytes), place)
    control = tf.where(is_extension & (padded[1:] == _GRAPHIC_CONTROL), place, -1)
    following, control = _followed(following, control)
    start = tf.minimum(tf.cast(start, tf.int32), num_bytes)
    return following[start], control[start]


def _followed(following: tf.Tensor, noted: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Follows links from every place to the end, in as many steps as the number of places has bits.

    Args:
        following: int32 [n], the place that follows each place: a later one, or itself at the end.
        noted: int32 [n], a number noted at each place; negative for none.

    Returns:
        The last place on the way from each place, and the last number noted on that way before it.
    """

    def double(following: tf.Tensor, noted: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        later = tf.gather(noted, following)
        return tf.gather(following, following), tf.where(later >= 0, later, noted)

    bits = tf.cast(tf.math.ceil(tf.math.log(tf.cast(tf.size(following), tf.float32)) / tf.math.log(2.0)), tf.int32)
    _, following, noted = tf.while_loop(
        lambda step, following, noted: step <= bits,
        lambda step, following, noted: (step + 1, *double(following, noted)),
        (tf.constant(0), following, noted),
    )
    return following, noted


def _decode_frame(size: tf.Tensor, flags: tf.Tensor, data: tf.Tensor) -> tf.Tensor:
    """Decodes a frame to the numbers of its colours, int32 [height, width].

    Args:
        size: string scalar, the bytes of width and height.
        flags: int64 scalar, the flags of the frame.
        data: string scalar, the pixels.
    """
    interlacing = tf.where(flags & _IS_INTERLACED != 0, bytes([_IS_INTERLACED]), b"\0")
    screen = b"GIF89a" + size + b"\xf7\0\0" + _COLOUR_NUMBERS
    frames = tf.io.decode_gif(screen + b"\x2c\0\0\0\0" + size + interlacing + data + _SECOND_FRAME)
    with tf.control_dependencies(require(tf.shape(frames)[0] == 2)):
        return tf.cast(frames[0, :, :, 0], tf.int32)


def _transparent_colour(file: tf.Tensor, control: tf.Tensor) -> tf.Tensor:
    """Reads the number of the transparent colour, int32 scalar, from the extension at `control`; -1 for none."""
    fields = tf.cast(byte_fields.field(file, tf.maximum(control, 0) + 3, 4), tf.int32)
    return tf.where((control >= 0) & (fields[0] % 2 == 1), fields[3], -1)

"""Decoding of BMP files in graph: those of Windows and the first of OS/2, without compression.

TensorFlow's decoder takes the numbers of a palette for grey, and knows neither masks nor pixels of fewer than 8 bits.
"""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from latent_xlate.modalities import byte_fields
from latent_xlate.modalities.picture_limits import require, require_size

MAGIC = b"BM"

_CORE, _INFO = 12, 40  # Sizes of OS/2's header and of Windows's first.
_HEADERS = (_CORE, _INFO, 52, 56, 64, 108, 124)
_FILE_HEADER = 14
_RGB, _BITFIELDS, _ALPHA_BITFIELDS = 0, 3, 6
_HAS_ALPHA_MASK = (56, 108, 124)
_DEPTHS = (1, 2, 4, 8, 16, 24, 32)
_MASKS_OF_16 = (0x7C00, 0x03E0, 0x001F, 0)  # Of red, green, blue and opacity, which is not used.
_MASKS_OF_32 = (0xFF0000, 0xFF00, 0xFF, 0)


class _Header(NamedTuple):
    """The header of a file, int64 scalars.

    Attributes:
        size: Number of its bytes, without those of the file's own header.
        width, height: Size in pixels; a negative height means rows from top to bottom.
        depth: Bits of a pixel.
        compression: One of those of Windows.
        num_colours: Size of the palette; 0 for the largest.
        offset: Place of the pixels in the file; 0 for the place behind the header and the palette.
    """

    size: tf.Tensor
    width: tf.Tensor
    height: tf.Tensor
    depth: tf.Tensor
    compression: tf.Tensor
    num_colours: tf.Tensor
    offset: tf.Tensor


def decode(file: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Decodes a file of any depth.

    Returns:
        RGB and opacity, uint8 [height, width, 4]; and "", for there are no EXIF data.

    Raises:
        tf.errors.InvalidArgumentError: The file is damaged, compressed or too large.
    """
    header = _header(file)
    is_masked = (header.compression == _BITFIELDS) | (header.compression == _ALPHA_BITFIELDS)
    is_plain = (header.compression == _RGB) | (is_masked & (header.depth >= 16) & (header.size != 64))
    with tf.control_dependencies(
        require(_is_one_of(header.size, _HEADERS) & _is_one_of(header.depth, _DEPTHS))
        + require(is_plain, "The BMP is compressed: save it as PNG.")
        + require_size(tf.abs(header.height), header.width)
    ):
        palette, start = _palette(file, header, is_masked)
    rows = _rows(file, header, start)
    depth, width = tf.cast(header.depth, tf.int32), tf.cast(header.width, tf.int32)

    masks = _masks(file, header, is_masked)

    image = tf.case(
        [
            (depth <= 8, lambda: _coloured(rows, width, depth, palette)),
            (depth == 16, lambda: _masked(rows, width, 2, masks)),
            (depth == 32, lambda: _masked(rows, width, 4, masks)),
        ],
        default=lambda: _with_opacity(tf.reshape(rows[:, : 3 * width], [-1, width, 3])[..., ::-1]),
    )
    return image, tf.constant(b"")


def _header(file: tf.Tensor) -> _Header:
    head = byte_fields.field(file, 0, _FILE_HEADER + _INFO)
    offset, size, width, height, compression, num_colours = tf.unstack(_numbers(head, (10, 14, 18, 22, 30, 46), 4))
    core_width, core_height, core_depth, depth = tf.unstack(_numbers(head, (18, 20, 24, 28), 2))
    of_core = [size, core_width, core_height, core_depth, _RGB, 0, offset]
    of_info = [size, byte_fields.signed(width), byte_fields.signed(height), depth, compression, num_colours, offset]
    return _Header(*tf.unstack(tf.where(size == _CORE, tf.stack(of_core), tf.stack(of_info))))


def _numbers(head: tf.Tensor, places: tuple[int, ...], size: int) -> tf.Tensor:
    """Reads numbers of `size` bytes at some places: int64 [places]."""
    return byte_fields.little(tf.gather(head, [list(range(place, place + size)) for place in places]))


def _palette(file: tf.Tensor, header: _Header, is_masked: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Reads the palette.

    Returns:
        RGB, uint8 [colours, 3], none for pixels of more than 8 bits; and the place of the pixels, int64 scalar.
    """
    num_masks = tf.where(is_masked & (header.size == _INFO), tf.where(header.compression == _BITFIELDS, 3, 4), 0)
    start = _FILE_HEADER + header.size + 4 * tf.cast(num_masks, tf.int64)
    entry = tf.where(header.size == _CORE, tf.constant(3, tf.int64), 4)
    most = tf.where(header.depth <= 8, tf.bitwise.left_shift(tf.ones([], tf.int64), tf.minimum(header.depth, 8)), 0)
    count = tf.where(header.num_colours > 0, tf.minimum(header.num_colours, most), most)
    room = tf.where(header.offset > start, (header.offset - start) // entry, count)  # Some palettes are shorter.
    count = tf.minimum(count, room)
    content = byte_fields.rest(file, start, tf.cast(count * entry, tf.int32))
    colours = tf.io.decode_raw(content, tf.uint8)
    colours = tf.reshape(colours[: tf.size(colours, tf.int64) // entry * entry], [-1, entry])
    return colours[:, 2::-1], tf.where(header.offset > 0, header.offset, start + count * entry)


def _rows(file: tf.Tensor, header: _Header, start: tf.Tensor) -> tf.Tensor:
    """Reads the rows of pixels from top to bottom, each with its padding: uint8 [height, bytes]."""
    num_bits, height = header.width * header.depth, tf.abs(header.height)
    row = (num_bits + 31) // 32 * 4
    missing = start + row * height - tf.cast(tf.strings.length(file), tf.int64)
    padding = row - (num_bits + 7) // 8
    with tf.control_dependencies(require(missing <= padding)):  # The padding of the last row may be missing.
        content = byte_fields.rest(file, start, tf.cast(row * height, tf.int32)) + b"\0\0\0"
    rows = tf.reshape(tf.io.decode_raw(content, tf.uint8)[: row * height], [height, row])
    return rows[:: tf.where(header.height > 0, -1, 1)]


def _coloured(rows: tf.Tensor, width: tf.Tensor, depth: tf.Tensor, palette: tf.Tensor) -> tf.Tensor:
    """Decodes pixels of 1 to 8 bits, of which a byte holds the leftmost in its highest bits."""
    shifts = tf.cast(tf.range(8 - depth, -1, -depth), tf.uint8)
    number = tf.bitwise.right_shift(rows[..., tf.newaxis], shifts)
    number = tf.bitwise.bitwise_and(number, tf.cast(tf.bitwise.left_shift(1, depth) - 1, tf.uint8))
    number = tf.cast(tf.reshape(number, [tf.shape(rows)[0], -1])[:, :width], tf.int32)
    with tf.control_dependencies(require(tf.reduce_max(number) < tf.shape(palette)[0])):
        return _with_opacity(tf.gather(palette, number))


def _masks(file: tf.Tensor, header: _Header, is_masked: tf.Tensor) -> tf.Tensor:
    """Returns the bits of red, green, blue and opacity in a pixel of 16 or 32 bits: int64 [4]."""
    head = byte_fields.field(file, _FILE_HEADER + _INFO, 16)
    masks = byte_fields.little(tf.reshape(head, [4, 4]))
    has_alpha = _is_one_of(header.size, _HAS_ALPHA_MASK) | (header.compression == _ALPHA_BITFIELDS)
    masks = tf.where(has_alpha, masks, masks * [1, 1, 1, 0])
    default = tf.where(header.depth == 16, tf.constant(_MASKS_OF_16, tf.int64), tf.constant(_MASKS_OF_32, tf.int64))
    return tf.where(is_masked, masks, default)


def _masked(rows: tf.Tensor, width: tf.Tensor, num_bytes: int, masks: tf.Tensor) -> tf.Tensor:
    """Decodes pixels of 2 or 4 bytes, whose colours are given by masks."""
    pixels = tf.reshape(rows[:, : num_bytes * width], [-1, width, num_bytes])
    pixels = tf.bitcast(pixels, tf.uint16 if num_bytes == 2 else tf.uint32)
    masks = tf.cast(masks, pixels.dtype)[:, tf.newaxis, tf.newaxis]

    def scaled(mask: tf.Tensor) -> tf.Tensor:
        share = tf.cast(tf.bitwise.bitwise_and(pixels, mask), tf.float32) / tf.maximum(tf.cast(mask, tf.float32), 1.0)
        return tf.cast(tf.round(255.0 * share), tf.uint8)

    image = tf.stack([scaled(masks[i]) for i in range(4)], axis=-1)
    # Programs that know of no opacity leave it 0.
    return tf.cond(tf.reduce_max(image[..., 3]) == 0, lambda: _with_opacity(image[..., :3]), lambda: image)


def _with_opacity(colours: tf.Tensor) -> tf.Tensor:
    return tf.pad(colours, [[0, 0], [0, 0], [0, 1]], constant_values=255)


def _is_one_of(number: tf.Tensor, numbers: tuple[int, ...]) -> tf.Tensor:
    return tf.reduce_any(number == tf.constant(numbers, tf.int64))

"""The orientation that a camera notes in the EXIF data of a picture, in graph."""

from __future__ import annotations

import tensorflow as tf

from latent_xlate.modalities import byte_fields

_TAG = 0x0112
_SHORT, _LONG = 3, 4
_ENTRY = 12  # Number of bytes of an entry: tag, type, count and value.


def orientation(tiff: tf.Tensor) -> tf.Tensor:
    """Reads the orientation from EXIF data.

    Args:
        tiff: string scalar, the header of a TIFF file and its first directory. It may be damaged.

    Returns:
        int64 scalar, 1 to 8 as in TIFF 6.0; 1, which is upright, if no other is noted.
    """
    is_big = byte_fields.starts(tiff, b"MM\0*")
    is_tiff = is_big | byte_fields.starts(tiff, b"II*\0")

    def number(field: tf.Tensor) -> tf.Tensor:
        return tf.where(is_big, byte_fields.big(field), byte_fields.little(field))

    directory = number(byte_fields.field(tiff, 4, 4))
    count = number(byte_fields.field(tiff, directory, 2))
    content = byte_fields.rest(tiff, directory + 2, tf.cast(_ENTRY * count, tf.int32))
    content = tf.cast(tf.io.decode_raw(content, tf.uint8), tf.int64)
    whole = tf.size(content) // _ENTRY
    entries = tf.reshape(content[: whole * _ENTRY], [whole, _ENTRY])
    tag, kind = number(entries[:, :2]), number(entries[:, 2:4])
    value = tf.where(kind == _LONG, number(entries[:, 8:12]), number(entries[:, 8:10]))
    noted = tf.boolean_mask(value, (tag == _TAG) & ((kind == _SHORT) | (kind == _LONG)) & is_tiff)
    last = tf.concat([[tf.constant(1, tf.int64)], noted], axis=0)[-1]
    return tf.where((last >= 1) & (last <= 8), last, 1)


def upright(image: tf.Tensor, tiff: tf.Tensor) -> tf.Tensor:
    """Turns a picture, [height, width, channels], upright by its EXIF data, string scalar, "" if there are none."""

    def turned() -> tf.Tensor:
        noted = orientation(tiff)
        sideways = tf.cond(noted >= 5, lambda: tf.transpose(image, [1, 0, 2]), lambda: image)
        upside_down = tf.reduce_any(noted == [3, 4, 7, 8])
        mirrored = tf.reduce_any(noted == [2, 3, 6, 7])
        return sideways[:: tf.where(upside_down, -1, 1), :: tf.where(mirrored, -1, 1)]

    return tf.cond(tiff == b"", lambda: image, turned)

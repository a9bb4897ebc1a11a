"""Decoding of the samples of WAV files in graph, by their codec."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

_PCM, _FLOAT, _A_LAW, _MU_LAW = 1, 3, 6, 7

CODECS = ((_PCM, 1), (_PCM, 2), (_PCM, 3), (_PCM, 4), (_FLOAT, 4), (_FLOAT, 8), (_A_LAW, 1), (_MU_LAW, 1))
"""Format tag and number of bytes of the samples that can be decoded."""


def codec_number(tag: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
    """Finds codecs by the header of their files.

    Args:
        tag: int64 [batch], format tags.
        width: int64 [batch], numbers of bytes of a sample.

    Returns:
        int32 [batch], positions in `CODECS`; -1 for other codecs.
    """
    equal = tf.reduce_all(tf.equal(tf.stack([tag, width], axis=-1)[:, tf.newaxis], tf.constant(CODECS, tf.int64)), -1)
    return tf.where(tf.reduce_any(equal, axis=-1), tf.argmax(equal, axis=-1, output_type=tf.int32), -1)


def decode(content: tf.Tensor, codec: tf.Tensor) -> tf.Tensor:
    """Decodes samples.

    Args:
        content: string scalar, whole samples.
        codec: int32 scalar, position in `CODECS`.

    Returns:
        float32 [n]; those of integers are in [-1, 1).
    """
    decoders = [
        lambda: (tf.cast(tf.io.decode_raw(content, tf.uint8), tf.float32) - 128.0) / 128.0,
        lambda: tf.cast(tf.io.decode_raw(content, tf.int16), tf.float32) / 2.0**15,
        lambda: _of_24_bits(content),
        lambda: tf.cast(tf.io.decode_raw(content, tf.int32), tf.float32) / 2.0**31,
        lambda: tf.io.decode_raw(content, tf.float32),
        lambda: tf.cast(tf.io.decode_raw(content, tf.float64), tf.float32),
        lambda: _of_table(content, _a_law()),
        lambda: _of_table(content, _mu_law()),
    ]
    return tf.switch_case(codec, decoders)


def _of_24_bits(content: tf.Tensor) -> tf.Tensor:
    # A zero below makes them the upper bytes of 32-bit integers, which floats represent exactly.
    upper = tf.reshape(tf.io.decode_raw(content, tf.uint8), [-1, 3])
    return tf.cast(tf.bitcast(tf.pad(upper, [[0, 0], [1, 0]]), tf.int32), tf.float32) / 2.0**31


def _of_table(content: tf.Tensor, table: np.ndarray) -> tf.Tensor:
    return tf.gather(table, tf.cast(tf.io.decode_raw(content, tf.uint8), tf.int32))


def _a_law() -> np.ndarray:
    """Values of the 256 codes of A-law, float32. Reference: ITU-T G.711, table 1."""
    code = np.arange(256) ^ 0x55  # Even bits are sent inverted.
    segment, step = (code >> 4) & 7, code & 15
    magnitude = np.where(segment > 0, (2 * step + 33) << np.maximum(segment - 1, 0), 2 * step + 1)
    return (np.where(code & 0x80, magnitude, -magnitude) / 2**12).astype(np.float32)


def _mu_law() -> np.ndarray:
    """Values of the 256 codes of mu-law, float32. Reference: ITU-T G.711, table 2."""
    code = ~np.arange(256)  # All bits are sent inverted.
    magnitude = ((2 * (code & 15) + 33) << ((code >> 4) & 7)) - 33
    return (np.where(code & 0x80, -magnitude, magnitude) / 2**13).astype(np.float32)

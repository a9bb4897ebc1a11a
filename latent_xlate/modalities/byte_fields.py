"""Numbers and names in the bytes of a file, in graph."""

from __future__ import annotations

import tensorflow as tf


def field(file: tf.Tensor, start: tf.Tensor | int, size: int) -> tf.Tensor:
    """Cuts bytes out of a file; behind its end there are zeros.

    Args:
        file: string scalar.
        start: int32 or int64 scalar, the first byte, 0 or more.
        size: Number of bytes.

    Returns:
        int64 [size], in [0, 255].
    """
    part = rest(file, start, size) + b"\0" * size
    return tf.cast(tf.ensure_shape(tf.io.decode_raw(part, tf.uint8)[:size], [size]), tf.int64)


def rest(file: tf.Tensor, start: tf.Tensor | int, size: tf.Tensor | int | None = None) -> tf.Tensor:
    """Cuts `size` bytes, by default all, that begin at `start` out of a file: string scalar, shorter at its end."""
    length = tf.strings.length(file)
    first = tf.cast(tf.minimum(tf.cast(start, tf.int64), tf.cast(length, tf.int64)), tf.int32)
    return tf.strings.substr(file, first, length if size is None else size)


def little(field: tf.Tensor) -> tf.Tensor:
    """Computes the number in a little-endian field, int64 [..., size] to [...]; `size` is at most 4."""
    return tf.reduce_sum(field * [256**i for i in range(field.shape[-1])], axis=-1)


def big(field: tf.Tensor) -> tf.Tensor:
    """Computes the number in a big-endian field, int64 [..., size] to [...]; `size` is at most 4."""
    return little(field[..., ::-1])


def signed(number: tf.Tensor) -> tf.Tensor:
    """Converts a number of four bytes in two's complement, which was read without a sign: int64 scalar."""
    return tf.where(number < 2**31, number, number - 2**32)


def starts(file: tf.Tensor, name: bytes, at: int = 0) -> tf.Tensor:
    """Whether a name is at a place in the file: bool scalar."""
    return rest(file, at, len(name)) == name


def split(file: tf.Tensor, name: bytes) -> tf.Tensor:
    """Splits a file wherever a name is: string [1 + number of times that the name is in it]."""
    # `tf.strings.split` gives a ragged tensor, and an export would have to carry its type.
    return tf.raw_ops.StringSplitV2(input=file[tf.newaxis], sep=name, maxsplit=-1).values

"""Random numbers that are the same whether a step is compiled by XLA or not.

For a seed, XLA draws other numbers than TensorFlow's kernels: it takes the sign of a seed for a digit, and makes floats
of bits in another way. Where it compiles, the numbers of the kernels are therefore computed here, from the bits of the
generator (Philox, Salmon et al. 2011, https://doi.org/10.1145/2063384.2063405). Elsewhere the kernels, which
are faster, draw them.

Seeds are int32 [2].
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from latent_xlate import xla

_PHILOX = 1  # The generator's number among `tf.random.Algorithm`.
_SCRAMBLING_KEY = 0x02461E293EC8F720  # The key by which the kernels make key and counter of a seed.
_MANTISSA_BITS = 23
_LEAST_UNIFORM = 1e-7  # In place of zero, which has no logarithm.

Shape = Sequence[int | tf.Tensor]


def fold_in(seed: tf.Tensor | Sequence[int], number: int | tf.Tensor) -> tf.Tensor:
    """The seed of a number within a seed, int32 [2]: that of `tf.random.fold_in`."""
    if not xla.is_traced():
        return tf.random.fold_in(seed, number)
    return tf.stack([tf.bitcast(_bits([], seed), tf.int32), tf.cast(number, tf.int32)])


def integer(seed: tf.Tensor, low: int, high: int) -> tf.Tensor:
    """The number of `tf.random.stateless_uniform`: int32 scalar in [low, high)."""
    if not xla.is_traced():
        return tf.random.stateless_uniform([], seed, low, high, tf.int32)
    return low + tf.cast(_bits([], seed) % tf.constant(high - low, tf.uint32), tf.int32)


def uniform(shape: Shape, seed: tf.Tensor) -> tf.Tensor:
    """The numbers of `tf.random.stateless_uniform`: float32 of `shape` in [0, 1)."""
    if not xla.is_traced():
        return tf.random.stateless_uniform(shape, seed)
    mantissas = tf.bitwise.bitwise_and(_bits(shape, seed), tf.constant(2**_MANTISSA_BITS - 1, tf.uint32))
    return tf.cast(mantissas, tf.float32) / 2**_MANTISSA_BITS


def normal(shape: Shape, seed: tf.Tensor) -> tf.Tensor:
    """The numbers of `tf.random.stateless_normal`, up to rounding: float32 of `shape`.

    Reference: Box and Muller (1958), https://doi.org/10.1214/aoms/1177706645.
    """
    if not xla.is_traced():
        return tf.random.stateless_normal(shape, seed)
    size = tf.reduce_prod(tf.convert_to_tensor(shape, tf.int32))
    pairs = uniform([(size + 1) // 2, 2], seed)
    radius = tf.sqrt(-2.0 * tf.math.log(tf.maximum(pairs[:, :1], _LEAST_UNIFORM)))
    angle = 2.0 * np.pi * pairs[:, 1:]
    return tf.reshape(tf.reshape(radius * tf.concat([tf.sin(angle), tf.cos(angle)], axis=1), [-1])[:size], shape)


def _bits(shape: Shape, seed: tf.Tensor | Sequence[int]) -> tf.Tensor:
    """The bits from which the kernels make the numbers of a seed, uint32 of `shape`."""
    scrambled = _philox([4], tf.constant([_SCRAMBLING_KEY], tf.uint64), tf.bitcast(tf.cast(seed, tf.int64), tf.uint64))
    halves = tf.cast(scrambled, tf.uint64)
    words = halves[::2] + halves[1::2] * tf.constant(2**32, tf.uint64)
    return _philox(shape, words[:1], tf.stack([tf.zeros([], tf.uint64), words[1]]))


def _philox(shape: Shape, key: tf.Tensor, counter: tf.Tensor) -> tf.Tensor:
    return tf.raw_ops.StatelessRandomUniformFullIntV2(
        shape=tf.convert_to_tensor(shape, tf.int32), key=key, counter=counter, alg=_PHILOX, dtype=tf.uint32
    )

"""Shuffled indices computed by arithmetic alone, for devices and compilers that lack TensorFlow's kernel.

`tf.random.experimental.index_shuffle` has a kernel for CPUs only, and none for XLA. This is the same permutation, by
operations that run everywhere: the block cipher Simon with few rounds, applied again to what falls outside the range
(cycle walking).

Reference: Beaulieu et al. (2013), https://eprint.iacr.org/2013/404; Black and Rogaway (2002),
https://www.cs.ucdavis.edu/~rogaway/papers/subset.pdf.
"""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

ROUNDS = 8
"""Rounds of the cipher, an even number of 4 at least."""

_LEAST_BITS, _MOST_BITS = 16, 32
_ROUND_BITS = 0x7369F885192C0EF5  # The cipher's sequence of constants, one bit a round.
_WALKS_A_TURN = 4  # Each turn of a loop waits for the device; what is in its range already stays.


def permuted(indices: tf.Tensor, keys: Sequence[tf.Tensor], last: tf.Tensor) -> tf.Tensor:
    """Permutes the numbers from 0 to `last`, as `RandomIndexShuffle` with `ROUNDS` rounds does.

    Args:
        indices: Integers [n], each in [0, last].
        keys: Three of integers [n]; of each the lowest 32 bits count.
        last: The largest index, integers [n], less than 2^32.

    Returns:
        int64 [n], each in [0, last].
    """
    last = tf.cast(last, tf.uint32)
    half = _half_bits(last)
    mask = tf.bitwise.left_shift(tf.ones_like(half), half) - 1
    round_keys = _round_keys([tf.cast(key, tf.uint32) for key in keys], half, mask)

    def encrypt(values: tf.Tensor) -> tf.Tensor:
        left, right = tf.bitwise.right_shift(values, half) & mask, values & mask
        for first, second in zip(round_keys[::2], round_keys[1::2], strict=True):
            left ^= _mixed(right, half, mask) ^ first
            right ^= _mixed(left, half, mask) ^ second
        return tf.bitwise.left_shift(left, half) | right

    def walk(values: tf.Tensor, walking: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        for _ in range(_WALKS_A_TURN):
            values = tf.where(walking, encrypt(values), values)
            walking &= values > last
        return values, walking

    start = tf.cast(indices, tf.uint32), tf.fill(tf.shape(indices), True)
    values, _ = tf.while_loop(lambda _, walking: tf.reduce_any(walking), walk, start)
    return tf.cast(tf.where(last > 0, values, tf.zeros_like(values)), tf.int64)


def _half_bits(last: tf.Tensor) -> tf.Tensor:
    """Half of the bits of the block that holds `last`, uint32 [n]."""
    powers = tf.constant([1 << bits for bits in range(_LEAST_BITS, _MOST_BITS)], tf.uint32)
    more = tf.reduce_sum(tf.cast(last[:, tf.newaxis] > powers, tf.int32), axis=1)
    return tf.cast((_LEAST_BITS + more + 1) // 2, tf.uint32)


def _round_keys(keys: Sequence[tf.Tensor], half: tf.Tensor, mask: tf.Tensor) -> list[tf.Tensor]:
    keys = [key & mask for key in keys]
    for number in range(ROUNDS - len(keys)):
        constant = tf.constant(0xFFFFFFFC ^ (_ROUND_BITS >> number & 1), tf.uint32)
        last = keys[-1]
        turned = _turned(last, half - 3, half, mask) ^ _turned(last, half - 4, half, mask)
        keys.append((constant & mask) ^ keys[-3] ^ turned)
    return keys


def _mixed(x: tf.Tensor, half: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    one, eight, two = (_turned(x, tf.constant(count, tf.uint32), half, mask) for count in (1, 8, 2))
    return (one & eight) ^ two


def _turned(x: tf.Tensor, count: tf.Tensor, half: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Numbers of `half` bits, turned to the left by `count` bits."""
    return (tf.bitwise.left_shift(x, count) & mask) | tf.bitwise.right_shift(x, half - count)

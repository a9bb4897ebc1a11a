"""Shifts by a random number of steps, in a form that XLA can differentiate twice."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf


def window(x: tf.Tensor, starts: Sequence[tf.Tensor], sizes: Sequence[int]) -> tf.Tensor:
    """A part of each row of a batch, whose size is static and whose place is not.

    The result is that of `tf.slice`. Under XLA the gradient of `tf.slice` has no gradient of its own, which a gradient
    penalty needs. That of a rotation is a rotation.

    Args:
        x: [batch, ...].
        starts: Where the part begins on each axis from the second on, int32 scalars; as many as `sizes`.
        sizes: Sizes of the part on these axes. No part may exceed x.

    Returns:
        [batch, *sizes, ...], the axes after those of `sizes` whole.
    """
    rotated = tf.roll(x, [-start for start in starts], list(range(1, 1 + len(starts))))
    return rotated[(slice(None), *(slice(size) for size in sizes))]

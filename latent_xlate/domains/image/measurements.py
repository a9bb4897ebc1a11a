"""What can be measured of any picture without learning: its colours, and the place and size of what it shows."""

from __future__ import annotations

import tensorflow as tf

EPSILON = 1e-4
"""A pixel's weight in addition to its contrast, so that a uniform picture has measurements, too."""


def num_measurements(channels: int) -> int:
    """Number of `measurements` of pictures with so many channels."""
    return 2 * channels + 3


def measurements(x: tf.Tensor) -> tf.Tensor:
    """Colour of the ground, colour of the figure, centre and size of the figure.

    The ground is the mean of the outermost pixels. Pixels count as the figure by their squared difference from it.

    Args:
        x: Pictures, float32 [batch, height, width, channels], in [0, 1].

    Returns:
        float32 [batch, 2 channels + 3]: colour of the ground, colour of the figure, both in [0, 1]; row and column of
        the figure's centre, in [-1, 1] from edge to edge; logarithm of its root mean square radius in the same unit.
    """
    height, width = x.shape[1:3]
    edge = tf.concat([x[:, 0], x[:, -1], x[:, 1:-1, 0], x[:, 1:-1, -1]], axis=1)
    ground = tf.reduce_mean(edge, axis=1)
    weights = tf.reduce_sum(tf.math.squared_difference(x, ground[:, tf.newaxis, tf.newaxis]), axis=-1) + EPSILON
    weights /= tf.reduce_sum(weights, axis=[1, 2], keepdims=True)
    figure = tf.einsum("bhwc,bhw->bc", x, weights)
    rows, columns = tf.linspace(-1.0, 1.0, height), tf.linspace(-1.0, 1.0, width)
    by_row, by_column = tf.reduce_sum(weights, axis=2), tf.reduce_sum(weights, axis=1)
    row, column = by_row @ rows[:, tf.newaxis], by_column @ columns[:, tf.newaxis]
    variance = by_row @ tf.square(rows)[:, tf.newaxis] - tf.square(row)
    variance += by_column @ tf.square(columns)[:, tf.newaxis] - tf.square(column)
    size = 0.5 * tf.math.log(tf.maximum(variance, EPSILON))
    return tf.concat([ground, figure, row, column, size], axis=1)

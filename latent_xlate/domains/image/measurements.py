"""What is measured of a picture without learning, the colours, place and size of its figure, and frames by these."""

from __future__ import annotations

import tensorflow as tf

EPSILON = 1e-4
"""A pixel's weight in addition to its contrast, so that a uniform picture has measurements, too."""

FRAME = 2.2
"""Half the side of a figure's frame, as a multiple of its root mean square radius; triangles reach 2."""

WIDEST = 1.15
"""Half the side of the widest frame, where a picture reaches from -1 to 1."""


def num_measurements(channels: int) -> int:
    """Number of `measurements` of pictures with so many channels."""
    return 2 * channels + 3


def measurements(x: tf.Tensor) -> tf.Tensor:
    """Colour of the ground, colour of the figure, centre and size of the figure.

    The ground is the median of the outermost pixels. Pixels count as the figure by their squared difference from it.

    Args:
        x: Pictures, float32 [batch, height, width, channels], in [0, 1].

    Returns:
        float32 [batch, 2 channels + 3]: colour of the ground, colour of the figure, both in [0, 1]; row and column of
        the figure's centre, in [-1, 1] from edge to edge; logarithm of its root mean square radius in the same unit.
    """
    height, width = x.shape[1:3]
    ground = _ground(x)
    weights = _difference(x, ground) + EPSILON
    weights /= tf.reduce_sum(weights, axis=[1, 2], keepdims=True)
    figure = tf.einsum("bhwc,bhw->bc", x, weights)
    rows, columns = tf.linspace(-1.0, 1.0, height), tf.linspace(-1.0, 1.0, width)
    by_row, by_column = tf.reduce_sum(weights, axis=2), tf.reduce_sum(weights, axis=1)
    row, column = by_row @ rows[:, tf.newaxis], by_column @ columns[:, tf.newaxis]
    variance = by_row @ tf.square(rows)[:, tf.newaxis] - tf.square(row)
    variance += by_column @ tf.square(columns)[:, tf.newaxis] - tf.square(column)
    size = 0.5 * tf.math.log(tf.maximum(variance, EPSILON))
    return tf.concat([ground, figure, row, column, size], axis=1)


def with_contrast(x: tf.Tensor) -> tf.Tensor:
    """Adds to pictures a channel in which the ground is 0 and what differs most from it is 1, whatever their colours.

    Networks that see it learn forms from few pictures, since a form in other colours is no other form to them.

    Args:
        x: Pictures, float32 [batch, height, width, channels], in [0, 1].

    Returns:
        float32 [batch, height, width, channels + 1], in [0, 1].
    """
    difference = tf.sqrt(_difference(x, _ground(x)) + EPSILON)
    contrast = difference / tf.reduce_max(difference, axis=[1, 2], keepdims=True)
    return tf.concat([x, contrast[..., tf.newaxis]], axis=-1)


def framed(x: tf.Tensor, measured: tf.Tensor) -> tf.Tensor:
    """Cuts the frame of each picture's figure and enlarges it to the picture's size.

    The frame is centred at the figure and `FRAME` times its radius wide. It is not wider than the picture, about, so
    that a picture whose parts all differ from its ground, such as a photo, is its own frame.

    Args:
        x: float32 [batch, height, width, channels].
        measured: The pictures' `measurements`, or at least the last three of them.

    Returns:
        float32 of the shape of `x`; beyond the edge its pixels are repeated.
    """
    row, column, half = _frames(measured)
    return _mapped(x, (row, half), (column, half), "NEAREST")


def unframed(x: tf.Tensor, measured: tf.Tensor, ground: tf.Tensor) -> tf.Tensor:
    """The inverse of `framed`: puts frames where they were in their pictures.

    Args:
        x: Frames, float32 [batch, height, width, channels], in [0, 1].
        measured: As for `framed`.
        ground: Colour around the frames, [batch, channels], in [0, 1].

    Returns:
        float32 of the shape of `x`, in [0, 1].
    """
    row, column, half = _frames(measured)
    ground = ground[:, tf.newaxis, tf.newaxis]
    placed = _mapped(x - ground, (-row / half, 1 / half), (-column / half, 1 / half), "CONSTANT")
    return tf.clip_by_value(ground + placed, 0.0, 1.0)  # Rounding may leave the range.


def _frames(measured: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Row and column of the middle of frames, and half of their side, [batch] each."""
    row, column, size = tf.unstack(measured[:, -3:], axis=1)
    half = tf.clip_by_value(FRAME * tf.exp(size), 2 * EPSILON, WIDEST)
    # A wide frame reaches beyond the picture rather than leave a part of it out.
    row, column = (tf.clip_by_value(centre, half - WIDEST, WIDEST - half) for centre in (row, column))
    return row, column, half


def _mapped(
    x: tf.Tensor, row: tuple[tf.Tensor, tf.Tensor], column: tuple[tf.Tensor, tf.Tensor], fill_mode: str
) -> tf.Tensor:
    """Takes each pixel at `u`, in [-1, 1], from `offset + factor * u`, given offset and factor of rows and columns."""
    height, width = x.shape[1:3]
    (rows, row_factor), (columns, column_factor) = row, column
    down = (height - 1) / 2 * (1 + rows - row_factor)
    right = (width - 1) / 2 * (1 + columns - column_factor)
    zero = tf.zeros_like(down)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=x,
        transforms=tf.stack([column_factor, zero, right, zero, row_factor, down, zero, zero], axis=1),
        output_shape=[height, width],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode=fill_mode,
    )


def _ground(x: tf.Tensor) -> tf.Tensor:
    """Median colour of the outermost pixels, channel by channel, [batch, channels]."""
    edge = tf.concat([x[:, 0], x[:, -1], x[:, 1:-1, 0], x[:, 1:-1, -1]], axis=1)
    return tf.sort(edge, axis=1)[:, edge.shape[1] // 2]


def _difference(x: tf.Tensor, colour: tf.Tensor) -> tf.Tensor:
    """Squared difference of each pixel from one colour of its picture, [batch, height, width]."""
    return tf.reduce_sum(tf.math.squared_difference(x, colour[:, tf.newaxis, tf.newaxis]), axis=-1)

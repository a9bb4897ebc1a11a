"""Ink and ground told apart under uneven light, in graph."""

from __future__ import annotations

import tensorflow as tf

SIDE = 256
"""Longer side of the pictures in which ink is sought, in pixels."""

_DARKEST = 0.08
"""Added to brightness before the logarithm: differences in darker places are noise."""

_GRID = 32
"""Side of the grid that the light is fitted on."""

_NUM_FITS = 16


def coverage(picture: tf.Tensor, invert: str) -> tf.Tensor:
    """How much of each pixel is covered by ink, be it darker or brighter than its ground.

    Args:
        picture: float32 [height, width, channels], in [0, 1].
        invert: "always" for dark ink, "never" for bright ink, "auto" for whichever differs more from the ground.

    Returns:
        float32 [height, width], about 0 on the ground. It is proportional to the covered share; its largest value is
        the contrast of ink and ground, which is below 1 for dark ink and may be larger for bright ink.
    """
    relative = _relative_brightness(picture)
    sign = {"always": -1.0, "never": 1.0}.get(invert)
    if sign is None:
        grey = blurred(tf.reduce_mean(relative, axis=-1))
        sign = tf.where(tf.reduce_max(grey) > -tf.reduce_min(grey), 1.0, -1.0)
    ink = tf.reduce_max(sign * relative, axis=-1)  # Coloured ink differs in some channels only.
    return tf.abs(tf.exp(sign * tf.maximum(ink - _ground(ink), 0.0)) - 1.0)


def blurred(x: tf.Tensor) -> tf.Tensor:
    """Means of 3x3 pixels of [height, width]: a speck or noise no longer stands out."""
    return tf.nn.avg_pool2d(x[tf.newaxis, ..., tf.newaxis], 3, 1, "SAME")[0, ..., 0]


def largest(x: tf.Tensor, size: int, stride: int = 1) -> tf.Tensor:
    """Largest value in each square of [height, width]."""
    return tf.nn.max_pool2d(x[tf.newaxis, ..., tf.newaxis], size, stride, "SAME")[0, ..., 0]


def _relative_brightness(picture: tf.Tensor) -> tf.Tensor:
    """Logarithm of the ratio of a picture to its light, a surface of second degree that most of it is close to."""
    brightness = tf.math.log(picture + _DARKEST)
    samples = tf.reshape(tf.image.resize(brightness, [_GRID, _GRID], "area"), [_GRID**2, -1])
    terms = tf.reshape(_terms(_GRID, _GRID), [_GRID**2, -1])
    middle = tf.sort(samples, axis=0)[_GRID**2 // 2]
    start = tf.concat([middle[tf.newaxis], tf.zeros([terms.shape[1] - 1, tf.shape(picture)[-1]])], axis=0)

    def fit(step: tf.Tensor, surface: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        error = tf.reduce_mean(tf.abs(samples - terms @ surface), axis=-1, keepdims=True)
        # Iteratively reweighted least squares: first of least absolute errors, then without regard to what is far.
        weights = (error + 0.02) ** tf.where(step < _NUM_FITS // 2, -1.0, -2.0)
        moments = tf.matmul(terms, weights * terms, transpose_a=True)
        moments += 1e-4 * tf.reduce_sum(weights) * tf.eye(terms.shape[1])
        return step + 1, tf.linalg.solve(moments, tf.matmul(terms, weights * samples, transpose_a=True))

    _, surface = tf.while_loop(lambda step, _: step < _NUM_FITS, fit, (tf.constant(0), start))
    height, width = tf.unstack(tf.shape(picture)[:2])
    return brightness - tf.tensordot(_terms(height, width), surface, 1)


def _terms(height: tf.Tensor | int, width: tf.Tensor | int) -> tf.Tensor:
    """Terms of a polynomial of second degree at each pixel: [height, width, 6]."""
    y, x = tf.meshgrid(tf.linspace(-1.0, 1.0, height), tf.linspace(-1.0, 1.0, width), indexing="ij")
    return tf.stack([tf.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)


def _ground(ink: tf.Tensor) -> tf.Tensor:
    """What is left of [height, width] without all that is bright and narrower than a quarter of `SIDE`: an opening."""
    coarse = tf.nn.avg_pool2d(ink[tf.newaxis, ..., tf.newaxis], 4, 4, "SAME")[0, ..., 0]
    ground = largest(-largest(-coarse, SIDE // 16 + 1), SIDE // 16 + 1)
    return tf.image.resize(ground[..., tf.newaxis], tf.shape(ink))[..., 0]

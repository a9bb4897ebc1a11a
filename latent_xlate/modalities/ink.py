"""Ink and ground told apart under uneven light, in graph."""

from __future__ import annotations

import tensorflow as tf

SIDE = 256
"""Longer side of the pictures in which ink is sought, in pixels; that of small ones is shorter."""

_DARKEST = 0.08
"""Added to brightness before the logarithm: differences in darker places are noise."""

_GRID = 32
"""Side of the grid that the light is fitted on."""

_NUM_TERMS = 6
_NUM_FITS = 16

_NOISE = 0.02
"""Difference from the light that is none, in logarithms."""

_UNEVEN = 0.1
"""Logarithm that the ground may differ by from its light, to the side where there is no ink."""

_SMOOTHING = 0.01
"""Share of a ridge on all terms of the light, so that large strokes are not taken for it."""


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
    ink = tf.maximum(ink, -_UNEVEN)  # What differs to the other side is no ground, beside which the ground were ink.
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
    channels = tf.shape(picture)[-1]
    samples = tf.reshape(tf.image.resize(brightness, [_GRID, _GRID], "area"), [_GRID**2, channels])
    terms = tf.reshape(_terms(_GRID, _GRID), [_GRID**2, _NUM_TERMS])

    def errors(surfaces: tf.Tensor) -> tf.Tensor:
        return tf.reduce_mean(tf.abs(samples - terms @ surfaces), axis=-1, keepdims=True) + _NOISE

    def fit(step: tf.Tensor, surfaces: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        # Iteratively reweighted least squares: first of least absolute errors, then without regard to what is far.
        weights = errors(surfaces) ** tf.where(step < _NUM_FITS // 2, -1.0, -2.0)
        ridge = _SMOOTHING * tf.reduce_sum(weights, axis=1, keepdims=True) * tf.eye(_NUM_TERMS)
        moments = tf.matmul(terms, weights * terms, transpose_a=True) + ridge
        return step + 1, tf.linalg.solve(moments, tf.matmul(terms, weights * samples, transpose_a=True))

    # Of two fits, one that starts from a dark ground and one from a bright ground, the closer one.
    ordered = tf.math.top_k(tf.transpose(samples), _GRID**2).values
    levels = tf.gather(tf.transpose(ordered), [_GRID**2 // 4, _GRID**2 * 3 // 4])
    start = tf.pad(levels[:, tf.newaxis], [[0, 0], [0, _NUM_TERMS - 1], [0, 0]])
    _, surfaces = tf.while_loop(
        lambda step, _: step < _NUM_FITS,
        fit,
        (tf.constant(0), start),
        shape_invariants=(tf.TensorShape([]), tf.TensorShape([2, _NUM_TERMS, None])),
    )
    closer = tf.argmin(tf.reduce_sum(tf.math.log(errors(surfaces)), axis=[1, 2]))
    height, width = tf.unstack(tf.shape(picture)[:2])
    return brightness - tf.tensordot(_terms(height, width), surfaces[closer], 1)


def _terms(height: tf.Tensor | int, width: tf.Tensor | int) -> tf.Tensor:
    """Terms of a polynomial of second degree at each pixel: [height, width, 6]."""
    ones = tf.ones([height, width])
    y = ones * tf.linspace(-1.0, 1.0, height)[:, tf.newaxis]
    x = ones * tf.linspace(-1.0, 1.0, width)
    return tf.stack([ones, x, y, x * x, x * y, y * y], axis=-1)


def _ground(ink: tf.Tensor) -> tf.Tensor:
    """What is left of [height, width] without all that is bright and narrower than a quarter of `SIDE`: an opening."""
    coarse = tf.nn.avg_pool2d(ink[tf.newaxis, ..., tf.newaxis], 4, 4, "SAME")[0, ..., 0]
    ground = largest(-largest(-coarse, SIDE // 16 + 1), SIDE // 16 + 1)
    return tf.image.resize(ground[..., tf.newaxis], tf.shape(ink))[..., 0]

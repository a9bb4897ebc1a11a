"""The one drawing in a picture, in graph: its parts are joined, specks and edges dropped, several drawings refused."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from latent_xlate.modalities.ink import blurred, largest
from latent_xlate.modalities.refusals import refuse, require

NO_DRAWING = "The picture holds no drawing that stands out from its ground: draw with a darker pen, or come closer."
SEVERAL_DRAWINGS = "The picture holds several drawings: cut it down to one."

_CELL = 2
"""Side of the cells in which parts are told apart, in pixels."""

_LEVEL = 0.4
"""Coverage of ink as a share of the largest."""

_LEAST_CONTRAST = 0.12
"""Of a drawing with its ground."""

_EDGE, _LEAST_EDGE = 9, 0.6
"""Within so many pixels ink ends: its coverage falls by this share of the largest. Shadows are softer."""

_LEAST_EXTENT = 0.06
"""Of a drawing, as a share of the picture's longer side."""

_OF_CUT = 0.02
"""What the mass of a part that the frame cuts counts, for it is an edge rather than a drawing, if there is another."""

_NEAR = 0.12
"""Gap between parts of a drawing, as a share of the extent of its main part."""

_ANOTHER = 0.4
"""Extent of another drawing, as a share of that of the main one."""

_AS_TALL = 0.75
"""Height of another drawing right beside it, as of two digits of a number, as a share of that of the main one."""

_MOST_WIDTH = 0.38
"""Of strokes, as a share of a drawing's extent: what is wider is a spot."""

_WIDTHS = (0.1, 0.13)
"""Smallest and largest width of strokes, as shares of a drawing's extent. In MNIST half are 0.085 to 0.12 wide."""


class _Parts(NamedTuple):
    """Connected parts of the ink, [n] each; parts without a cell have no mass.

    Edges are in cells, the last one excluded.
    """

    mass: tf.Tensor
    top: tf.Tensor
    bottom: tf.Tensor
    left: tf.Tensor
    right: tf.Tensor

    @property
    def height(self) -> tf.Tensor:
        return self.bottom - self.top

    @property
    def extent(self) -> tf.Tensor:
        return tf.maximum(self.height, self.right - self.left)


def isolate(coverage: tf.Tensor) -> tf.Tensor:
    """Keeps the ink of the one drawing.

    Args:
        coverage: float32 [height, width], as `ink.coverage` returns it.

    Returns:
        float32 [height, width], in [0, 1], with 1 in the middle of strokes.

    Raises:
        tf.errors.InvalidArgumentError: There is no drawing, or there are several.
    """
    contrast = tf.reduce_max(blurred(coverage))
    cells = largest(coverage, _CELL, _CELL)
    labels = _components(cells > _LEVEL * contrast)
    parts = _measured(labels, cells, contrast)
    height, width = tf.unstack(tf.cast(tf.shape(cells), tf.float32))
    is_cut = (parts.top == 0) | (parts.left == 0) | (parts.bottom == height) | (parts.right == width)
    main = tf.argmax(parts.mass * tf.where(is_cut, _OF_CUT, 1.0))
    belongs, is_another = _compared(parts, tf.nest.map_structure(lambda values: values[main], parts))
    is_within = ~is_cut | is_cut[main]  # The edges of paper and shadows are cut by the frame.
    belongs, is_another = belongs & is_within, is_another & is_within
    smooth = blurred(coverage)
    edge = tf.reduce_max(smooth + largest(-smooth, _EDGE))
    is_soft = edge < tf.maximum(_LEAST_CONTRAST, _LEAST_EDGE * contrast)
    has_none = is_soft | (parts.extent[main] < _LEAST_EXTENT * tf.maximum(height, width))
    faults = [(has_none, lambda: NO_DRAWING), (tf.reduce_any(is_another), lambda: SEVERAL_DRAWINGS)]
    with tf.control_dependencies(refuse(faults)):
        near = largest(tf.cast(tf.gather(belongs, labels) & (labels > 0), tf.float32), 3)
    pixels = tf.repeat(tf.repeat(near, _CELL, axis=0), _CELL, axis=1)
    within = pixels[: tf.shape(coverage)[0], : tf.shape(coverage)[1]]
    return within * tf.clip_by_value(1.6 * coverage / contrast - 0.3, 0.0, 1.0)


def of_usual_width(strokes: tf.Tensor) -> tf.Tensor:
    """Thickens or thins strokes, [height, width], so that they are about as wide as those of digits in MNIST.

    Raises:
        tf.errors.InvalidArgumentError: There are no strokes but a spot.
    """
    is_ink = strokes > 0.5
    padded = tf.pad(tf.cast(is_ink, tf.float32), [[1, 1], [1, 1]])
    outline = tf.image.total_variation(padded[..., tf.newaxis])
    width = 2.0 * tf.reduce_sum(padded) / tf.maximum(outline, 1.0)
    places = tf.cast(tf.where(is_ink), tf.float32)
    extent = tf.reduce_max(tf.reduce_max(places, axis=0) - tf.reduce_min(places, axis=0)) + 1.0
    with tf.control_dependencies(require(width <= _MOST_WIDTH * extent, NO_DRAWING)):
        width = tf.identity(width)
    missing = tf.clip_by_value(width, _WIDTHS[0] * extent, _WIDTHS[1] * extent) - width
    sign = tf.where(missing < 0.0, -1.0, 1.0)
    steps = tf.cast(tf.round(tf.abs(missing) / 2.0), tf.int32)  # Each moves both edges by a pixel.
    _, grown = tf.while_loop(
        lambda step, _: step < steps,
        lambda step, grown: (step + 1, largest(grown, 3)),
        (tf.constant(0), sign * strokes),
    )
    return sign * grown


def _components(mask: tf.Tensor) -> tf.Tensor:
    """Labels the connected parts of a mask, bool [height, width].

    Returns:
        int32 [height, width]: one more than the index of a cell of the part; 0 outside of the mask.
    """
    own = tf.where(mask, tf.reshape(tf.range(1, tf.size(mask) + 1), tf.shape(mask)), 0)

    def spread(labels: tf.Tensor, _: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        around = tf.where(mask, tf.cast(largest(tf.cast(labels, tf.float32), 3), tf.int32), 0)
        # A label names a cell of the same part, which may know a larger label by now.
        further = tf.gather(tf.concat([[0], tf.reshape(around, [-1])], axis=0), around)
        return further, tf.reduce_any(further != labels)

    return tf.while_loop(lambda _, changed: changed, spread, (own, tf.constant(True)), maximum_iterations=500)[0]


def _measured(labels: tf.Tensor, cells: tf.Tensor, contrast: tf.Tensor) -> _Parts:
    count = tf.size(labels) + 1
    flat = tf.reshape(labels, [-1])
    places = tf.where(tf.ones_like(labels, tf.bool))
    y, x = tf.unstack(tf.cast(places, tf.float32), axis=1)
    mass = tf.math.unsorted_segment_sum(tf.reshape(cells / contrast, [-1]), flat, count)
    return _Parts(
        tf.where(tf.range(count) == 0, 0.0, mass),
        tf.math.unsorted_segment_min(y, flat, count),
        tf.math.unsorted_segment_max(y, flat, count) + 1.0,
        tf.math.unsorted_segment_min(x, flat, count),
        tf.math.unsorted_segment_max(x, flat, count) + 1.0,
    )


def _compared(parts: _Parts, main: _Parts) -> tuple[tf.Tensor, tf.Tensor]:
    """Which parts belong to the drawing of the main part, and which are drawings of their own: bool [n] each."""
    across = tf.maximum(parts.left, main.left) - tf.minimum(parts.right, main.right)
    along = tf.maximum(parts.top, main.top) - tf.minimum(parts.bottom, main.bottom)
    is_beside = (across >= 0.0) & (parts.height > _AS_TALL * main.height)
    is_near = (tf.maximum(across, along) <= _NEAR * main.extent) & ~is_beside
    has_ink = parts.mass > 0.0
    return has_ink & is_near, has_ink & ~is_near & (parts.extent > _ANOTHER * main.extent)

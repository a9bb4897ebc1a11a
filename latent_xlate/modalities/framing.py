"""Framing of pictures of any size and proportions for a model of pictures of one size, in graph."""

from __future__ import annotations

import tensorflow as tf

from latent_xlate.modalities import drawing, ink

FRAMINGS = ("letterbox", "stretch", "ink")
"""How pictures are framed.

letterbox: scaled to fit with proportions kept, with black margins. stretch: scaled to fill the frame. ink: for drawings
and photos of them; the ink is told apart from its ground, scaled into a box in the middle of the frame, and centred by
its mass, as the digits of MNIST were.
"""

_BOX = 20 / 28
"""Side of the box that a drawing is scaled into, as a share of the frame's shorter side."""

_EXTENTS = (13 / 28, 22 / 28)
"""Smallest and largest extent of a drawing that is framed already; those in MNIST have 14 to 20 pixels of 28."""

_OFF_CENTRE = 1.5 / 28
"""Largest distance of its centre of mass from that of MNIST, along each axis."""

_BLACK = 0.1
"""Largest mean of its outermost pixels; of MNIST it is 0.03."""


def letterbox(picture: tf.Tensor, shape: tuple[int, ...]) -> tf.Tensor:
    """Scales a picture, [height, width, channels], to fit into `shape`, with black margins."""
    height, width, _ = shape
    size = tf.cast(tf.shape(picture)[:2], tf.float32)
    scaled = tf.image.resize(picture, _fitting(size, tf.reduce_min([height, width] / size)), antialias=True)
    return tf.image.resize_with_crop_or_pad(scaled, height, width)


def stretch(picture: tf.Tensor, shape: tuple[int, ...]) -> tf.Tensor:
    """Scales a picture, [height, width, channels], to `shape`, whatever its proportions."""
    return tf.image.resize(picture, shape[:2], antialias=True)


def reduced(picture: tf.Tensor) -> tf.Tensor:
    """Scales a picture, [height, width, channels], to a longer side of `ink.SIDE`: float32 of the same range.

    A small picture is enlarged no more than three times, so that its edges stay sharp.
    """
    size = tf.cast(tf.shape(picture)[:2], tf.float32)
    scale = tf.minimum(ink.SIDE / tf.reduce_max(size), 3.0)
    return tf.image.resize(picture, _fitting(size, scale), antialias=True)


def _fitting(size: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
    return tf.maximum(tf.cast(tf.round(size * scale), tf.int32), 1)


def is_framed(x: tf.Tensor) -> tf.Tensor:
    """Whether a picture, [height, width, channels], already is as `draw` returns them: bool scalar.

    So is what fills the frame, on a black ground: it is larger than any drawing that `draw` returns, and no drawing, or
    meant to be as large.
    """
    grey = tf.reduce_mean(x, axis=-1)
    height, width = grey.shape
    side = min(height, width)
    edge = tf.concat([grey[0], grey[-1], grey[:, 0], grey[:, -1]], axis=0)
    start, end = _box(grey > 0.3)
    extent = tf.reduce_max(end - start) / side
    off_centre = tf.reduce_max(tf.abs(_centre_of_mass(grey) - _middle(height, width))) / side
    is_placed = (extent >= _EXTENTS[0]) & (extent <= _EXTENTS[1]) & (off_centre <= _OFF_CENTRE)
    corners = tf.stack([grey[0, 0], grey[0, -1], grey[-1, 0], grey[-1, -1]])
    fills = (extent > _EXTENTS[1]) & (tf.reduce_max(corners) <= _BLACK)
    return (is_placed & (tf.reduce_mean(edge) <= _BLACK)) | fills


def draw(picture: tf.Tensor, shape: tuple[int, ...], invert: str) -> tf.Tensor:
    """Frames the drawing in a picture.

    Args:
        picture: float32 [height, width, channels], in [0, 1], as `reduced` returns it.
        shape: Height, width and channels of the result.
        invert: See `ink.coverage`.

    Returns:
        float32 [*shape], in [0, 1]: strokes are 1, the ground is 0.

    Raises:
        tf.errors.InvalidArgumentError: There is no drawing, or there are several.
    """
    strokes = drawing.of_usual_width(drawing.isolate(ink.coverage(picture, invert)))
    height, width, _ = shape
    start, end = _box(strokes > 0.5)
    scale = _BOX * min(height, width) / tf.reduce_max(end - start)
    shift = _middle(height, width) - scale * _centre_of_mass(strokes)
    framed = tf.raw_ops.ScaleAndTranslate(
        images=strokes[tf.newaxis, ..., tf.newaxis],
        size=[height, width],
        scale=tf.stack([scale, scale]),
        translation=tf.clip_by_value(shift, -scale * start, [height, width] - scale * end),  # Nothing is cut off.
        kernel_type="triangle",
        antialias=True,
    )
    return tf.broadcast_to(framed[0], shape)


def _middle(height: int, width: int) -> tf.Tensor:
    """Where the centre of mass is put: in MNIST, in the middle of pixel 14, counted from 0, of 28."""
    return tf.constant([height / 2 + 0.5, width / 2 + 0.5])


def _centre_of_mass(x: tf.Tensor) -> tf.Tensor:
    """Row and column, in pixels, of the centre of mass of [height, width]: float32 [2]."""
    mass = tf.maximum(tf.reduce_sum(x), 1e-6)
    profiles = [tf.reduce_sum(x, axis=1), tf.reduce_sum(x, axis=0)]
    places = [tf.cast(tf.range(tf.size(profile)), tf.float32) + 0.5 for profile in profiles]
    return tf.stack([tf.tensordot(*each, 1) / mass for each in zip(places, profiles, strict=True)])


def _box(mask: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """First row and column of a mask, bool [height, width], and those after the last: float32 [2] each."""
    places = tf.cast(tf.where(mask), tf.float32)
    return tf.reduce_min(places, axis=0), tf.reduce_max(places, axis=0) + 1.0

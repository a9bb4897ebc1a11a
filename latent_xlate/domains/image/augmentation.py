"""Random changes of pictures that leave their class as it is, in graph, each a function of a position and a seed."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import tensorflow as tf

from latent_xlate.data.labelled import Labelled
from latent_xlate.domains.image.measurements import measurements
from latent_xlate.randomness import position_uniform

ENOUGH = 2_000
"""Pictures whose measurements say as much as those of a larger data set."""


@dataclasses.dataclass(frozen=True)
class Augmentation:
    """How pictures are changed at random.

    Attributes:
        shift: Largest shift along each axis, as a share of the picture's size.
        turn: Largest rotation, in degrees.
        scale: Largest factor by which pictures are enlarged or reduced.
        stretch: Largest factor by which height and width are changed in opposite directions.
        levels: Largest change of the darkest and of the brightest level of each channel, as a share of the range.
        recolour: Whether channels are also permuted and inverted, so that any colour becomes any other.
    """

    shift: float = 0.05
    turn: float = 15.0
    scale: float = 1.2
    stretch: float = 1.1
    levels: float = 0.2
    recolour: bool = False

    def __call__(self, x: tf.Tensor, positions: tf.Tensor, seed: int) -> tf.Tensor:
        """Changes pictures.

        Args:
            x: float32 [n, height, width, channels], in [0, 1].
            positions: Positions in the stream of training data, which the random numbers depend on, int64 [n].
            seed: Seed of the run.

        Returns:
            Pictures of the shape of `x`, in [0, 1].
        """
        uniform = position_uniform(positions, 5 + 3 * x.shape[-1], seed)
        return self._coloured(self._moved(x, 2 * uniform[:, :5] - 1), tf.reshape(uniform[:, 5:], [-1, 3, x.shape[-1]]))

    def _moved(self, x: tf.Tensor, moves: tf.Tensor) -> tf.Tensor:
        """Shifts, turns, scales and stretches; `moves` are numbers in [-1, 1], [n, 5]."""
        down, right, turn, scale, stretch = tf.unstack(moves, axis=1)
        height, width = x.shape[1:3]
        turn *= math.radians(self.turn)
        scale = tf.exp(-math.log(self.scale) * scale)
        stretch = tf.exp(math.log(self.stretch) * stretch)
        matrix = [
            [scale * stretch * tf.cos(turn), -scale * stretch * tf.sin(turn)],
            [scale / stretch * tf.sin(turn), scale / stretch * tf.cos(turn)],
        ]
        # Each maps a position (column, row) of the result to that of its source: about the middle, then shifted.
        middle = (width - 1) / 2, (height - 1) / 2
        shifts = right * self.shift * width, down * self.shift * height
        offsets = [middle[i] - shifts[i] - matrix[i][0] * middle[0] - matrix[i][1] * middle[1] for i in range(2)]
        zero = tf.zeros_like(down)
        transforms = tf.stack([*matrix[0], offsets[0], *matrix[1], offsets[1], zero, zero], axis=1)
        return tf.raw_ops.ImageProjectiveTransformV3(
            images=x,
            transforms=transforms,
            output_shape=[height, width],
            fill_value=0.0,
            interpolation="BILINEAR",
            fill_mode="NEAREST",  # The ground goes on beyond the edge.
        )

    def _coloured(self, x: tf.Tensor, colours: tf.Tensor) -> tf.Tensor:
        """Changes the levels of channels, permutes and inverts them; `colours` are numbers in [0, 1), [n, 3, channels].

        Each is a map of [0, 1] into itself.
        """
        darkest, brightest = self.levels * colours[:, 0], 1 - self.levels * colours[:, 1]
        if self.recolour:
            order = tf.argsort(colours[:, 2], axis=1)
            x = tf.gather(x, order, axis=3, batch_dims=1)
            # Another part of the same number, so that order and inversion are independent.
            invert = tf.math.floormod(colours[:, 2] * 1024, 1) < 0.5
            darkest, brightest = tf.where(invert, brightest, darkest), tf.where(invert, darkest, brightest)
        darkest, brightest = darkest[:, tf.newaxis, tf.newaxis], brightest[:, tf.newaxis, tf.newaxis]
        return darkest + x * (brightest - darkest)


def augmented_copies(data: Labelled, augmentation: Augmentation, copies: int, seed: int) -> Labelled:
    """Returns labelled pictures and further copies of them, changed at random.

    Args:
        data: Labelled pictures.
        augmentation: How they are changed.
        copies: Number of changed copies of each.
        seed: Seed of the changes.

    Returns:
        The pictures, then all of them changed once, and so on: (1 + `copies`) times as many.
    """
    if not copies:
        return data
    content, position = [data.content], 0
    for part in (part for _ in range(copies) for part in data.batches()):
        positions = position + tf.range(len(part), dtype=tf.int64)
        changed = augmentation(tf.constant(part.floats), positions, seed)
        content.append(np.round(255 * changed.numpy()).astype(np.uint8))
        position += len(part)
    return dataclasses.replace(data, content=np.concatenate(content), labels=np.tile(data.labels, 1 + copies))


def classes_differ_in_colour(data: Labelled) -> bool:
    """Whether the classes of labelled pictures can be told by the colours of ground and figure.

    They can if the nearest other picture by colour has the same class in more cases than by chance, by more than three
    standard errors.
    """
    data = data.take(slice(0, ENOUGH))  # They are in random order.
    colours = measurements(tf.constant(data.floats)).numpy()[:, : 2 * data.content.shape[-1]]
    distances = np.square(colours[:, np.newaxis] - colours).sum(axis=-1)
    np.fill_diagonal(distances, np.inf)
    agreement = np.mean(data.labels[distances.argmin(axis=1)] == data.labels)
    chance = np.sum((np.bincount(data.labels) / len(data)) ** 2)
    return bool(agreement > chance + 3 * np.sqrt(chance * (1 - chance) / len(data)))

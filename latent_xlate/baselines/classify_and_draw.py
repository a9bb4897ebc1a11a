"""Classify and draw: the class of a latent, and any training latent of that class."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE
from latent_xlate.baselines.classifying_bridge import ClassifyingBridge
from latent_xlate.baselines.latent_store import StoringBridge

_BITS = 24
"""Bits of a hash that a float32 in [0, 1) holds."""

_BASE = 0x9E3779B1
"""Base of the hash, odd: 2^32 over the golden ratio."""

_LARGEST = 2.0**24


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class ClassifyAndDraw(StoringBridge, ClassifyingBridge):
    """Recognises the class of a latent and draws a training latent of the target of that class.

    The result is as varied and as real as the target's own data, and has nothing of its source but the class. It is
    what a translation of individuals must be told from.

    The shared latent is the class, one-hot, and the position of the draw. The position that a latent is given is a hash
    of it, so that the same latent becomes the same one, and it has a standard deviation of 1. Of a position only the
    part after the point counts. That of a normal number with a deviation of 1 is uniform up to 1e-8, and so is the draw
    of a sampled shared latent.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Makes the model, to be fitted. Args are those of `StoringBridge`, which says what they raise."""
        super().__init__(*args, **kwargs)
        self.shared_dim = self.num_classes + 1

    def encode(self, z: tf.Tensor, domain: int) -> tuple[tf.Tensor, tf.Tensor]:
        z = tf.cast(z, tf.float32)
        one_hot = tf.one_hot(self.classes(z, domain), self.num_classes)
        mu = tf.concat([one_hot, _hashed(z)[:, tf.newaxis]], axis=1)
        deviations = tf.constant([0.0] * self.num_classes + [1.0])
        return mu, tf.broadcast_to(deviations, tf.shape(mu))

    def decode(self, z_shared: tf.Tensor, domain: int) -> tf.Tensor:
        classes = tf.argmax(z_shared[:, : self.num_classes], axis=1, output_type=tf.int32)
        position = z_shared[:, self.num_classes]
        return self.stores[domain].draw(classes, position - tf.floor(position))


def _hashed(z: tf.Tensor) -> tf.Tensor:
    """A number in [0, 1) for each row of `z`, float32 [batch, n]: a polynomial hash of the row, rounded to sixteenths.

    Graphs, and batches of other sizes, compute the latent of one input up to rounding errors. Rounding to
    sixteenths hides them but for about one input in a thousand. The products wrap around.
    """
    factors = np.array([pow(_BASE, place, 2**32) for place in range(1, 1 + z.shape[1])], np.uint32).view(np.int32)
    rounded = tf.cast(tf.clip_by_value(tf.round(16.0 * z), -_LARGEST, _LARGEST), tf.int32)
    total = tf.bitcast(tf.reduce_sum(rounded * factors, axis=1), tf.uint32)
    return tf.cast(tf.bitwise.right_shift(total, tf.constant(32 - _BITS, tf.uint32)), tf.float32) / 2.0**_BITS

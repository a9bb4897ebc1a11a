"""Training latents, kept in a model by their class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE
from latent_xlate.baselines.fitted_bridge import FittedBridge
from latent_xlate.latents.latents import Latents


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class LatentStore(keras.layers.Layer):
    """Means of labelled latents, of which those of one class are drawn or searched.

    They are kept in half precision, at half the size: rounding moves a latent by less than a thousandth of itself.

    Attributes:
        stored: The latents in the order of their classes, float16 [num_latents, latent_dim].
        counts: Number of latents of each class, int32 [num_classes].
    """

    def __init__(self, num_latents: int, latent_dim: int, num_classes: int, **kwargs: Any):
        """Makes the store, empty.

        Args:
            num_latents: Number of latents.
            latent_dim: Size of a latent.
            num_classes: Number of classes.
            **kwargs: Passed to `keras.layers.Layer`.
        """
        super().__init__(trainable=False, **kwargs)
        self.stored = self.add_weight(name="stored", shape=(num_latents, latent_dim), dtype="float16", autocast=False)
        self.counts = self.add_weight(
            name="counts", shape=(num_classes,), dtype="int32", initializer="zeros", autocast=False
        )
        self.built = True

    def fill(self, latents: Latents) -> None:
        """Stores labelled latents, `num_latents` of them."""
        order = np.argsort(latents.labels, kind="stable")
        self.stored.assign(latents.mu[order])
        self.counts.assign(np.bincount(latents.labels, minlength=self.counts.shape[0]))

    def draw(self, classes: tf.Tensor, position: tf.Tensor) -> tf.Tensor:
        """Draws a latent of each of some classes.

        Args:
            classes: int32 [batch].
            position: Where the latent lies among those of its class, float32 [batch] in [0, 1].

        Returns:
            float32 [batch, latent_dim].
        """
        counts = tf.convert_to_tensor(self.counts)
        size = tf.gather(counts, classes)
        within = tf.minimum(tf.cast(position * tf.cast(size, tf.float32), tf.int32), size - 1)
        drawn = tf.gather(self.stored, tf.gather(tf.cumsum(counts, exclusive=True), classes) + within)
        return tf.cast(drawn, tf.float32)

    def nearest(self, z: tf.Tensor, classes: tf.Tensor) -> tf.Tensor:
        """Finds the nearest latent of a class.

        Args:
            z: float32 [batch, latent_dim].
            classes: int32 [batch].

        Returns:
            float32 [batch, latent_dim].
        """
        stored, counts = tf.cast(self.stored, tf.float32), tf.convert_to_tensor(self.counts)
        # Squared distances less |z|^2, which is the same for all.
        distances = tf.reduce_sum(tf.square(stored), axis=1) - 2.0 * tf.matmul(z, stored, transpose_b=True)
        class_of_stored = tf.repeat(tf.range(tf.size(counts)), counts)
        other_class = class_of_stored[tf.newaxis, :] != classes[:, tf.newaxis]
        return tf.gather(stored, tf.argmin(tf.where(other_class, np.float32(np.inf), distances), axis=1))


class StoringBridge(FittedBridge):
    """A fitted bridge that keeps its training latents. It stands before the class that fits everything else.

    Attributes:
        num_latents: Number of each domain's training latents.
        stores: The training latents, by domain.
    """

    def __init__(
        self, latent_dims: Sequence[int], num_classes: int, num_latents: Sequence[int], *, seed: int = 0, **kwargs: Any
    ) -> None:
        """Makes the model, to be fitted.

        Args:
            latent_dims: Size of each of the two domains' latents.
            num_classes: Number of classes.
            num_latents: Number of each domain's training latents.
            seed: Seed of all that is random in fitting.
            **kwargs: Passed to the next class.

        Raises:
            ValueError: As by the next class.
        """
        super().__init__(latent_dims, num_classes, seed=seed, **kwargs)
        self.num_latents = tuple(num_latents)
        self.stores = [
            LatentStore(count, size, num_classes, name=f"store_{domain}")
            for domain, (count, size) in enumerate(zip(self.num_latents, self.latent_dims, strict=True))
        ]

    @classmethod
    def sizes(cls, latents: Sequence[Latents]) -> dict[str, Any]:
        return super().sizes(latents) | {"num_latents": [len(own) for own in latents]}

    def fit_latents(self, latents: Sequence[Latents]) -> None:
        """Fits what the next class does, and keeps the latents. Args as in `FittedBridge.fit_latents`."""
        super().fit_latents(latents)
        for store, own in zip(self.stores, latents, strict=True):
            store.fill(own)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"num_latents": self.num_latents}

"""What the baselines share: a generator each way between two domains, and its adversarial training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from latent_xlate.bridge.bridge import Bridge

Latents = tuple[tf.Tensor, tf.Tensor]
"""Latents of the two domains, float32 [batch, latent_dim] each; row i of both is of one class."""


class AdversarialPair(Bridge):
    """Two generators, one each way, which learn against discriminators.

    A step is one update of all networks, each by its own loss, at the weights before the step. With
    an optimizer that works element by element, as Adam does, that is the same as one of their own
    for each. There is no shared latent: `noise` plays no part in `translate`.

    Subclasses give the losses in `compute_losses`.

    Attributes:
        generators: Latents to latents, by the index of the domain that they start from.
        discriminators: Two, as the subclass says.
    """

    generators: list[Any]
    discriminators: list[Any]

    def __init__(self, latent_dims: Sequence[int], terms: Sequence[str], seed: int, **kwargs):
        """Makes the model, but for its networks.

        Args:
            latent_dims: Size of each of the two domains' latents.
            terms: Names of what `compute_losses` gives.
            seed: Of all that is random in training.
            **kwargs: Passed to `keras.Model`.

        Raises:
            ValueError: Not two domains.
        """
        super().__init__(**kwargs)
        if len(latent_dims) != 2:
            raise ValueError(f"A {type(self).__name__} joins two domains, not {len(latent_dims)}.")
        self.latent_dims = tuple(latent_dims)
        self.seed = seed
        self.trackers = {name: keras.metrics.Mean(name=name) for name in ("loss", *terms, "discriminator")}
        self.built = True  # The networks are, from the start.

    def build(self, input_shape=None):
        pass

    def translate(self, z: tf.Tensor, source: int, target: int, noise: tf.Tensor | None = None) -> tf.Tensor:
        """Translates latents; to the source's own domain by the other and back. Args as in `Bridge.translate`."""
        there = self.generators[source](z)
        return there if source != target else self.generators[1 - source](there)

    def call(self, inputs):
        """Translates latents of both domains, [z of the first, z of the second], each into the other's."""
        return [generator(z) for generator, z in zip(self.generators, inputs, strict=True)]

    @property
    def metrics(self):
        return list(self.trackers.values())

    @property
    def state(self) -> dict[str, Any]:
        """What a checkpoint has to hold beside what the optimizer trains: Keras hides from it what lies in lists."""
        return {"non_trainable": self.non_trainable_weights}

    def compute_losses(self, z: Latents, step: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor, tf.Tensor]:
        """The losses of a batch, or of a replica's part of it.

        Args:
            z: The batch.
            step: int64 scalar, the steps before this one.

        Returns:
            The terms of the generators' loss, by name; that loss; and the discriminators'. All are
            means over the batch, added up over the two ways.
        """
        raise NotImplementedError

    def sample_latents(self, data: Any, step: tf.Tensor) -> Latents:
        """The latents in what `train_step` is given."""
        return data

    def train_step(self, data):
        """One step.

        Args:
            data: Latents, as `sample_latents` takes them.
        """
        step = tf.cast(self.optimizer.iterations, tf.int64)
        replicas = self.distribute_strategy.num_replicas_in_sync
        with tf.GradientTape(persistent=True) as tape:
            terms, loss, discriminator_loss = self.compute_losses(self.sample_latents(data, step), step)
            # Gradients are added up over the replicas.
            scaled = [self.optimizer.scale_loss(value / replicas) for value in (loss, discriminator_loss)]
        variables = [
            [variable for network in networks for variable in network.trainable_variables]
            for networks in (self.generators, self.discriminators)
        ]
        gradients = [tape.gradient(value, of) for value, of in zip(scaled, variables, strict=True)]
        self.optimizer.apply(gradients[0] + gradients[1], variables[0] + variables[1])
        for name, value in (terms | {"loss": loss, "discriminator": discriminator_loss}).items():
            self.trackers[name].update_state(value)
        return {name: tracker.result() for name, tracker in self.trackers.items()}


def mean_distance(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """Mean over all elements of |x - y|."""
    return tf.reduce_mean(tf.abs(x - y))


def least_squares(scores: tf.Tensor, real: bool) -> tf.Tensor:
    """Mean of (D - 1)^2 where data are to be taken for real, else of D^2 (Mao et al., 2017)."""
    return tf.reduce_mean(tf.square(scores - 1.0 if real else scores))


def cross_entropy(scores: tf.Tensor, real: bool) -> tf.Tensor:
    """Mean of -log s(D) where data are to be taken for real, else of -log(1 - s(D)), with s the sigmoid."""
    return tf.reduce_mean(tf.nn.softplus(-scores if real else scores))

"""The common part of the baselines: a generator for each direction between two domains, and adversarial training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from latent_xlate.bridge.bridge import Bridge

Latents = tuple[tf.Tensor, tf.Tensor]
"""Latents of the two domains, float32 [batch, latent_dim] each; rows i of both have the same class."""


class AdversarialPair(Bridge):
    """Two generators, one for each direction, trained against two discriminators.

    A step updates all networks at once, each by its own loss at the weights before the step. With an element-wise
    optimizer such as Adam this equals one optimizer for each network. There is no shared latent: `translate` ignores
    `noise`.

    Subclasses make the networks and define the losses in `compute_losses`.

    Attributes:
        generators: Two models that map latents to latents; the index is that of the domain of their input.
        discriminators: Two models, defined by the subclass.
    """

    generators: list[Any]
    discriminators: list[Any]

    def __init__(self, latent_dims: Sequence[int], terms: Sequence[str], seed: int, **kwargs: Any) -> None:
        """Makes the model without its networks.

        Args:
            latent_dims: Size of each of the two domains' latents.
            terms: Names of the terms that `compute_losses` returns.
            seed: Seed of all that is random in training.
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
        self.built = True  # Subclasses make their networks built.

    def build(self, input_shape: Any = None) -> None:
        pass

    def translate(self, z: tf.Tensor, source: int, target: int, noise: tf.Tensor | None = None) -> tf.Tensor:
        """As `Bridge.translate`; translation to the source itself goes to the other domain and back."""
        there = self.generators[source](z)
        return there if source != target else self.generators[1 - source](there)

    def call(self, inputs: Latents) -> list[tf.Tensor]:
        """Translates latents of both domains, [z of the first, z of the second], each into the other's."""
        return [generator(z) for generator, z in zip(self.generators, inputs, strict=True)]

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return list(self.trackers.values())

    @property
    def state(self) -> dict[str, Any]:
        """Variables that a checkpoint must hold beside the trained ones: Keras hides networks in lists from it."""
        return {"non_trainable": self.non_trainable_weights}

    def compute_losses(self, z: Latents, step: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor, tf.Tensor]:
        """The losses on a replica's part of a batch.

        Args:
            z: The latents.
            step: Number of steps before this one, int64 scalar.

        Returns:
            The terms of the generators' loss by name; the generators' loss; and the discriminators' loss. All are
            means over the batch, summed over the two directions.
        """
        raise NotImplementedError

    def sample_latents(self, data: Any, step: tf.Tensor) -> Latents:
        """The latents of the data that `train_step` is given."""
        return data

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """One step.

        Args:
            data: A batch, as `sample_latents` takes it.

        Returns:
            The losses and terms by name, running means since `reset_metrics`.
        """
        step = tf.cast(self.optimizer.iterations, tf.int64)
        replicas = self.distribute_strategy.num_replicas_in_sync
        with tf.GradientTape(persistent=True) as tape:
            terms, loss, discriminator_loss = self.compute_losses(self.sample_latents(data, step), step)
            # The optimizer sums gradients over replicas.
            scaled = [self.optimizer.scale_loss(value / replicas) for value in (loss, discriminator_loss)]
        variables = [
            [variable for network in networks for variable in network.trainable_variables]
            for networks in (self.generators, self.discriminators)
        ]
        gradients = [tape.gradient(value, weights) for value, weights in zip(scaled, variables, strict=True)]
        self.optimizer.apply(gradients[0] + gradients[1], variables[0] + variables[1])
        for name, value in (terms | {"loss": loss, "discriminator": discriminator_loss}).items():
            self.trackers[name].update_state(value)
        return {name: tracker.result() for name, tracker in self.trackers.items()}


def mean_distance(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """Mean over all elements of |x - y|."""
    return tf.reduce_mean(tf.abs(x - y))


def least_squares(scores: tf.Tensor, real: bool) -> tf.Tensor:
    """Mean of (D - 1)^2 where the scores should say real, else of D^2 (Mao et al. 2017)."""
    return tf.reduce_mean(tf.square(scores - 1.0 if real else scores))


def cross_entropy(scores: tf.Tensor, real: bool) -> tf.Tensor:
    """Mean of -log s(D) where the scores should say real, else of -log(1 - s(D)), with s the sigmoid."""
    return tf.reduce_mean(tf.nn.softplus(-scores if real else scores))

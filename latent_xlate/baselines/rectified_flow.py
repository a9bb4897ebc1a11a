"""A rectified flow between latents (Liu et al. 2022, https://arxiv.org/abs/2209.03003), conditional on the class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE, training_steps
from latent_xlate.baselines.alignment import principal_axes
from latent_xlate.baselines.baseline_config import RectifiedFlowConfig
from latent_xlate.baselines.classifying_bridge import ClassifyingBridge
from latent_xlate.baselines.optimal_pairs import PairBatch, make_pair_batches
from latent_xlate.latents.latents import Latents
from latent_xlate.layers import relu_stack

_FREQUENCIES = 2.0 * np.pi * np.array([0.25, 0.5, 1.0, 2.0], np.float32)
"""Angular frequencies of the sines and cosines by which the network sees the time."""


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class RectifiedFlow(ClassifyingBridge):
    """Carries latents of the first domain at time 0 to those of the second at time 1, and back by the same way.

    A network learns the velocity at which optimal pairs of latents of one class are joined by straight lines.
    Translation recognises the class of a latent and follows the velocity of that class, forth or back in time. Both
    domains' latents have the coordinates of `principal_axes`.

    Example:
        model = RectifiedFlow.of([digits, clothes], num_classes=10)
        model.compile(optimizer=FusedAdam(1e-3))
        training.train(model, model.make_batches([digits, clothes]), ...)
        z_fashion = model.translate(z_digit, source=0, target=1)

    Attributes:
        config: The hyperparameters.
        axes: For each domain the axes of the common coordinates as columns, float32 [latent_dim, width].
        velocity: The network: of a point, the time and the one-hot class, [batch, width + 8 + num_classes].
    """

    def __init__(self, latent_dims: Sequence[int], num_classes: int, *, seed: int = 0, **kwargs: Any) -> None:
        """Makes the model, whose classifiers and axes are to be fitted before the network is trained.

        Args:
            latent_dims: Size of each of the two domains' latents.
            num_classes: Number of classes.
            seed: Seed of the classifiers, and of pairs, order and times.
            **kwargs: Fields of `RectifiedFlowConfig`, and what `keras.Model` takes.

        Raises:
            ValueError: Not two domains, no class, or a hyperparameter out of its range.
        """
        self.config = RectifiedFlowConfig.taken_from(kwargs)
        super().__init__(latent_dims, num_classes, seed, **kwargs)
        width = max(self.latent_dims)
        self.axes = [
            self.add_weight(
                name=f"axes_{domain}", shape=(size, width), dtype="float32", trainable=False, autocast=False
            )
            for domain, size in enumerate(self.latent_dims)
        ]
        dtype = self.dtype_policy
        self.velocity = keras.Sequential(
            [
                keras.Input((width + 2 * len(_FREQUENCIES) + num_classes,)),
                relu_stack(self.config.hidden_units, "hidden", dtype),
                keras.layers.Dense(width, dtype="float32"),
            ],
            name="velocity",
        )
        self.loss_tracker = keras.metrics.Mean(name="loss")

    def fit_latents(self, latents: Sequence[Latents]) -> None:
        """Trains the classifiers and finds the axes. Args as in `FittedBridge.fit_latents`."""
        super().fit_latents(latents)
        for variable, axes in zip(self.axes, principal_axes(latents, self.num_classes), strict=True):
            variable.assign(axes)

    def make_batches(self, latents: Sequence[Latents]) -> training_steps.MakeBatch:
        """Makes the batches of `train_step`. Args as in `FittedBridge.fit_latents`, which comes first."""
        axes = [variable.numpy() for variable in self.axes]
        return make_pair_batches(latents, axes, self.num_classes, self.config.pairing_size, self.seed)

    def across(self, z: tf.Tensor, source: int) -> tf.Tensor:
        """As `FittedBridge.across`, by Heun's method."""
        class_of = tf.one_hot(self.classes(z, source), self.num_classes)
        points, count = tf.matmul(tf.cast(z, tf.float32), self.axes[source]), self.config.num_sampling_steps
        times = np.linspace(0.0, 1.0, count + 1, dtype=np.float32)
        times = times if source == 0 else times[::-1]
        for start, end in zip(times, times[1:], strict=False):
            first = self._velocity(points, tf.fill([tf.shape(z)[0], 1], start), class_of)
            ahead = points + (end - start) * first
            second = self._velocity(ahead, tf.fill([tf.shape(z)[0], 1], end), class_of)
            points += (end - start) * (first + second) / 2.0
        return tf.matmul(points, self.axes[1 - source], transpose_b=True)

    def _velocity(self, points: tf.Tensor, times: tf.Tensor, class_of: tf.Tensor) -> tf.Tensor:
        angles = times * _FREQUENCIES
        return self.velocity(tf.concat([points, tf.sin(angles), tf.cos(angles), class_of], axis=1))

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return [self.loss_tracker]

    def train_step(self, data: PairBatch) -> dict[str, tf.Tensor]:
        """One step: the squared error of the velocity at a point between the latents of each pair."""
        first, second, labels, times = data
        variables = self.velocity.trainable_variables
        with tf.GradientTape() as tape:
            predicted = self._velocity(
                first + times * (second - first), times, tf.one_hot(labels, self.num_classes, dtype=tf.float32)
            )
            loss = tf.reduce_mean(tf.reduce_sum(tf.square(predicted - (second - first)), axis=1))
            # The optimizer sums gradients over replicas.
            scaled = self.optimizer.scale_loss(loss / self.distribute_strategy.num_replicas_in_sync)
        self.optimizer.apply(tape.gradient(scaled, variables), variables)
        self.loss_tracker.update_state(loss)
        return {"loss": self.loss_tracker.result()}

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | self.config.to_dict()

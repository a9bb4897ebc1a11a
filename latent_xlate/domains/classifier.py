"""The base class of classifiers of data."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


class Classifier(keras.Model):
    """A classifier whose logits are an affine map of features, trained by cross entropy.

    Subclasses have a layer `logits` and implement `features`. The metrics are "loss" and "accuracy".
    """

    logits: keras.layers.Dense
    """The affine map, computed in float32."""

    def __init__(self, num_classes: int, **kwargs: Any):
        """Makes the metrics.

        Args:
            num_classes: Number of logits.
            **kwargs: Passed to `keras.Model`.
        """
        super().__init__(**kwargs)
        self.num_classes = num_classes
        self.loss_tracker = keras.metrics.Mean(name="loss")
        self.accuracy_tracker = keras.metrics.SparseCategoricalAccuracy(name="accuracy")

    def features(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        """The input of the affine map, float32 [batch, features], for data [batch, ...]."""
        raise NotImplementedError

    def call(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Logits, float32 [batch, num_classes], of data [batch, ...]."""
        return self.logits(self.features(x, training))

    def judge(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Logits and features of data, which a graph computes in one pass."""
        features = self.features(x)
        return self.logits(features), features

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return [self.loss_tracker, self.accuracy_tracker]

    def _loss(self, data: Any, training: bool) -> tf.Tensor:
        """Mean cross entropy of a batch of data, labels and, optionally, sample weights; float32 scalar."""
        x, y, weights = keras.utils.unpack_x_y_sample_weight(data)
        logits = self(x, training=training)
        entropy = self._entropy(y, logits, training)
        loss = tf.reduce_mean(entropy if weights is None else weights * entropy)
        self.loss_tracker.update_state(loss)
        self.accuracy_tracker.update_state(y, logits)
        return loss

    def _entropy(self, labels: tf.Tensor, logits: tf.Tensor, training: bool) -> tf.Tensor:
        """Cross entropy of each instance, float32 [batch]."""
        del training  # For subclasses, which may train by another loss than they are evaluated by.
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)

    def _results(self) -> dict[str, tf.Tensor]:
        return {metric.name: metric.result() for metric in self.metrics}

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        with tf.GradientTape() as tape:
            # Keras sums the gradients of the replicas; dividing the loss makes the sum their mean.
            loss = self._loss(data, training=True) / self.distribute_strategy.num_replicas_in_sync
            loss = self.optimizer.scale_loss(loss)
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return self._results()

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        self._loss(data, training=False)
        return self._results()

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"num_classes": self.num_classes}

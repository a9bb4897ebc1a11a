"""What classifiers have in common, whatever they judge."""

from __future__ import annotations

import keras
import tensorflow as tf


class Classifier(keras.Model):
    """A classifier that is an affine map of features, trained by cross entropy.

    Subclasses have a layer `logits` and implement `features`. Metrics are "loss" and "accuracy".
    """

    logits: keras.layers.Dense
    """The affine map, computed in float32."""

    def __init__(self, num_classes: int, **kwargs):
        """Makes the trackers.

        Args:
            num_classes: Number of logits.
            **kwargs: Passed to `keras.Model`.
        """
        super().__init__(**kwargs)
        self.num_classes = num_classes
        self.loss_tracker = keras.metrics.Mean(name="loss")
        self.accuracy_tracker = keras.metrics.SparseCategoricalAccuracy(name="accuracy")

    def features(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        """What the logits are an affine map of, float32 [batch, features], for data [batch, ...]."""
        raise NotImplementedError

    def call(self, x, training=False):
        """Logits, float32 [batch, num_classes], of data [batch, ...]."""
        return self.logits(self.features(x, training))

    def judge(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Logits and features of data: a graph that asks for one after the other computes the features twice."""
        features = self.features(x)
        return self.logits(features), features

    @property
    def metrics(self):
        return [self.loss_tracker, self.accuracy_tracker]

    def _loss(self, data, training):
        x, y, weights = keras.utils.unpack_x_y_sample_weight(data)
        logits = self(x, training=training)
        entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
        loss = tf.reduce_mean(entropy if weights is None else weights * entropy)
        self.loss_tracker.update_state(loss)
        self.accuracy_tracker.update_state(y, logits)
        return loss

    def _results(self):
        return {metric.name: metric.result() for metric in self.metrics}

    def train_step(self, data):
        with tf.GradientTape() as tape:
            # Keras adds the replicas' gradients.
            loss = self._loss(data, training=True) / self.distribute_strategy.num_replicas_in_sync
            loss = self.optimizer.scale_loss(loss)
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return self._results()

    def test_step(self, data):
        self._loss(data, training=False)
        return self._results()

    def get_config(self):
        return super().get_config() | {"num_classes": self.num_classes}

"""The classifier of images that judges reconstructions and transfers (paper, supplement B.2)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE
from latent_xlate.domains.image_vae import relu_stack


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class ImageClassifier(keras.Model):
    """Four fully connected ReLU layers and an affine map to the logits (paper, supplement B.2).

    Example:
        classifier = ImageClassifier(num_classes=10)
        classifier.compile(optimizer=FusedAdam(1e-3))
        classifier.fit(images, labels)
        logits = classifier(images)
        features = classifier.features(images)
    """

    def __init__(
        self,
        image_shape: Sequence[int] = (28, 28, 1),
        num_classes: int = 10,
        hidden_units: Sequence[int] = (512, 512, 512, 512),
        **kwargs,
    ):
        """Makes the model; variables come with `build`.

        Args:
            image_shape: (height, width, channels).
            num_classes: Number of logits.
            hidden_units: Widths of the ReLU layers; the last is that of the features.
            **kwargs: Passed to `keras.Model`.
        """
        super().__init__(**kwargs)
        self.image_shape = tuple(image_shape)
        self.num_classes = num_classes
        self.hidden_units = tuple(hidden_units)
        self.body = relu_stack(self.hidden_units, "body", self.dtype_policy)
        self.logits = keras.layers.Dense(num_classes, dtype="float32", name="logits")
        self.loss_tracker = keras.metrics.Mean(name="loss")
        self.accuracy_tracker = keras.metrics.SparseCategoricalAccuracy(name="accuracy")

    def build(self, input_shape=None):
        self.body.build((None, math.prod(self.image_shape)))
        self.logits.build((None, self.hidden_units[-1]))
        self.built = True

    def features(self, x: tf.Tensor) -> tf.Tensor:
        """Activations of the last ReLU layer, on which FID is computed.

        Args:
            x: [batch, *image_shape], in [0, 1].

        Returns:
            float32 [batch, hidden_units[-1]].
        """
        return tf.cast(self.body(tf.reshape(x, [-1, math.prod(self.image_shape)])), tf.float32)

    def call(self, x):
        """Logits, float32 [batch, num_classes], of images [batch, *image_shape] in [0, 1]."""
        return self.logits(self.features(x))

    @property
    def metrics(self):
        return [self.loss_tracker, self.accuracy_tracker]

    def _loss(self, x, y):
        logits = self(x)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
        self.loss_tracker.update_state(loss)
        self.accuracy_tracker.update_state(y, logits)
        return loss

    def _results(self):
        return {metric.name: metric.result() for metric in self.metrics}

    def train_step(self, data):
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            # Keras adds the replicas' gradients.
            loss = self.optimizer.scale_loss(self._loss(x, y) / self.distribute_strategy.num_replicas_in_sync)
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return self._results()

    def test_step(self, data):
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        self._loss(x, y)
        return self._results()

    def get_config(self):
        return super().get_config() | {
            "image_shape": self.image_shape,
            "num_classes": self.num_classes,
            "hidden_units": self.hidden_units,
        }

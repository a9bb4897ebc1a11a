"""The classifier of images that judges reconstructions and transfers (paper, supplement B.2)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE
from latent_xlate.domains.classifier import Classifier
from latent_xlate.layers import relu_stack


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class ImageClassifier(Classifier):
    """A classifier with four fully connected ReLU layers and an affine map to the logits (paper, supplement B.2).

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
        **kwargs: Any,
    ):
        """Makes the model; variables come with `build`.

        Args:
            image_shape: (height, width, channels).
            num_classes: Number of logits.
            hidden_units: Widths of the ReLU layers; the last one is the width of the features.
            **kwargs: Passed to `keras.Model`.
        """
        super().__init__(num_classes, **kwargs)
        self.image_shape = tuple(image_shape)
        self.hidden_units = tuple(hidden_units)
        self.body = relu_stack(self.hidden_units, "body", self.dtype_policy)
        self.logits = keras.layers.Dense(num_classes, dtype="float32", name="logits")

    def build(self, input_shape: Any = None) -> None:
        self.body.build((None, math.prod(self.image_shape)))
        self.logits.build((None, self.hidden_units[-1]))
        self.built = True

    def features(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Activations of the last ReLU layer, on which FID is computed.

        Args:
            x: [batch, *image_shape], in [0, 1].
            training: Whether layers behave as in training.

        Returns:
            float32 [batch, hidden_units[-1]].
        """
        x = tf.reshape(x, [-1, math.prod(self.image_shape)])
        return tf.cast(self.body(x, training=training), tf.float32)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "image_shape": self.image_shape,
            "hidden_units": self.hidden_units,
        }

"""A small classifier of a domain's latents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE
from latent_xlate.domains.classifier import Classifier
from latent_xlate.layers import relu_stack


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class LatentClassifier(Classifier):
    """Fully connected ReLU layers and an affine map to the logits.

    Example:
        classifier = LatentClassifier(latent_dim=100, num_classes=10)
        classifier.compile(optimizer=FusedAdam(1e-3))
        classifier.fit(z, labels, sample_weight=weights)
        logits = classifier(z)
    """

    def __init__(
        self, latent_dim: int, num_classes: int, hidden_units: Sequence[int] = (256, 256), **kwargs: Any
    ) -> None:
        """Makes the model; `build` makes its variables.

        Args:
            latent_dim: Size of a latent.
            num_classes: Number of logits.
            hidden_units: Widths of the ReLU layers.
            **kwargs: Passed to `keras.Model`.
        """
        super().__init__(num_classes, **kwargs)
        self.latent_dim = latent_dim
        self.hidden_units = tuple(hidden_units)
        self.body = relu_stack(self.hidden_units, "body", self.dtype_policy)
        self.logits = keras.layers.Dense(num_classes, dtype="float32", name="logits")

    def build(self, input_shape: Any = None) -> None:
        self.body.build((None, self.latent_dim))
        self.logits.build((None, self.hidden_units[-1]))
        self.built = True

    def features(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Activations of the last ReLU layer, float32 [batch, hidden_units[-1]], of latents [batch, latent_dim]."""
        return tf.cast(self.body(x, training=training), tf.float32)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"latent_dim": self.latent_dim, "hidden_units": self.hidden_units}

"""A small classifier of spoken words that hears people whom it was not trained on."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE
from latent_xlate.domains.classifier import Classifier
from latent_xlate.domains.speech.telephone_spectrogram import telephone_spectrogram
from latent_xlate.domains.speech.word_convolutions import WordConvolutions


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class KeywordSpotter(Classifier):
    """Classifies sounds by `WordConvolutions` and an affine map of their mean over time.

    Because of the mean it does not matter when the word begins.

    Example:
        spotter = KeywordSpotter(num_classes=10)
        logits = spotter(x)  # x float32 [batch, 16384], in [-1, 1]
    """

    def __init__(self, num_classes: int = 10, filters: int = 24, **kwargs: Any):
        """Makes the layers; `build` makes their variables.

        Args:
            num_classes: Number of logits.
            filters: Number of filters of the first convolution.
            **kwargs: Passed to `keras.Model`.
        """
        # Autocasting would round the samples in low precision.
        super().__init__(num_classes, autocast=False, **kwargs)
        self.filters = filters
        self.convolutions = WordConvolutions(filters, self.dtype_policy)
        self.body = self.convolutions.layers
        self.logits = keras.layers.Dense(num_classes, dtype="float32")

    def build(self, input_shape: Any = None) -> None:
        _, bands, channels = self.convolutions.build()
        self.num_features = bands * channels
        self.logits.build((None, self.num_features))
        self.built = True

    def features(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        """The input of the final affine map.

        Args:
            x: float32 [batch, 16384], samples at 16 kHz in [-1, 1].
            training: Whether batch norm uses and records the statistics of the batch.

        Returns:
            float32 [batch, num_features].
        """
        h = tf.reduce_mean(self.convolutions(telephone_spectrogram(x), training), axis=1)
        return tf.reshape(h, [-1, self.num_features])

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"filters": self.filters}

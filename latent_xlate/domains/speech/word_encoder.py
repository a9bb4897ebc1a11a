"""The encoder of speech that hears people whom it was not trained on, and through noise."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE
from latent_xlate.domains.speech.telephone_spectrogram import telephone_spectrogram
from latent_xlate.domains.speech.word_convolutions import WordConvolutions


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class WordEncoder(keras.Model):
    """Computes a Gaussian posterior over z by `WordConvolutions` and an affine map.

    Example:
        encoder = WordEncoder(latent_dim=32)
        mu, sigma = encoder(x)  # x float32 [batch, 16384], in [-1, 1]
    """

    def __init__(self, latent_dim: int = 100, filters: int = 24, **kwargs: Any):
        """Makes the layers; `build` makes their variables.

        Args:
            latent_dim: Size of z.
            filters: Number of filters of the first convolution.
            **kwargs: Passed to `keras.Model`.
        """
        # Autocasting would round the samples in low precision.
        super().__init__(autocast=False, **kwargs)
        self.latent_dim = latent_dim
        self.filters = filters
        self.convolutions = WordConvolutions(filters, self.dtype_policy)
        self.body = self.convolutions.layers
        self.mu = keras.layers.Dense(latent_dim, dtype="float32")
        # Sigma starts at about a half, as that of posteriors that are worth imitating.
        self.sigma = keras.layers.Dense(
            latent_dim, "softplus", bias_initializer=keras.initializers.Constant(-0.5), dtype="float32"
        )

    def build(self, input_shape: Any = None) -> None:
        frames, bands, channels = self.convolutions.build()
        self.num_features = frames * bands * channels
        self.mu.build((None, self.num_features))
        self.sigma.build((None, self.num_features))
        self.built = True

    def call(self, x: tf.Tensor, training: bool = False) -> tuple[tf.Tensor, tf.Tensor]:
        """Encodes recordings.

        Args:
            x: float32 [batch, 16384], samples at 16 kHz in [-1, 1].
            training: Whether batch norm uses and records the statistics of the batch.

        Returns:
            Mean and standard deviation of the posterior, float32 [batch, latent_dim] each.
        """
        h = tf.reshape(self.convolutions(telephone_spectrogram(x), training), [-1, self.num_features])
        return self.mu(h), self.sigma(h) + 1e-4

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"latent_dim": self.latent_dim, "filters": self.filters}

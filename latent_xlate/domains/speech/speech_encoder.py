"""The encoder of speech: from recordings to posteriors over the latents of a WaveGAN."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE
from latent_xlate.modalities.mel_spectrograms import log_mel_spectrogram

SHAPE = (128, 128, 1)
"""Shape of a log-mel spectrogram: frames, bands, channels."""

NUM_CONVOLUTIONS = 5


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class SpeechEncoder(keras.Model):
    """Computes a Gaussian posterior over z by strided convolutions over the log-mel spectrogram.

    Example:
        encoder = SpeechEncoder(latent_dim=32)
        mu, sigma = encoder(x)  # x float32 [batch, 16384], in [-1, 1]
    """

    def __init__(self, latent_dim: int = 100, dim: int = 16, **kwargs: Any):
        """Makes the layers; `build` makes their variables.

        Args:
            latent_dim: Size of z.
            dim: Number of channels after the first convolution; the ones after it have 2, 4, 8 and 16 times as many.
            **kwargs: Passed to `keras.Model`.
        """
        # Autocasting would round the samples in low precision, and the logarithm magnifies errors in quiet bands.
        super().__init__(autocast=False, **kwargs)
        self.latent_dim = latent_dim
        self.dim = dim
        self.convs = [
            keras.layers.Conv2D(dim * 2**i, 4, 2, padding="same", activation="relu", dtype=self.dtype_policy)
            for i in range(NUM_CONVOLUTIONS)
        ]
        self.mu = keras.layers.Dense(latent_dim, dtype="float32")
        # Sigma starts small. Otherwise the decoder sees mostly noise and learns to ignore z (posterior collapse).
        self.sigma = keras.layers.Dense(
            latent_dim, "softplus", bias_initializer=keras.initializers.Constant(-3.0), dtype="float32"
        )

    def build(self, input_shape: Any = None) -> None:
        shape = (None, *SHAPE)
        for conv in self.convs:
            conv.build(shape)
            shape = conv.compute_output_shape(shape)
        self.num_features = shape[1] * shape[2] * shape[3]
        self.mu.build((None, self.num_features))
        self.sigma.build((None, self.num_features))
        self.built = True

    def call(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Encodes recordings.

        Args:
            x: float32 [batch, 16384], samples at 16 kHz in [-1, 1].

        Returns:
            Mean and standard deviation of the posterior, float32 [batch, latent_dim] each.
        """
        # Scaled to about 0 for silence and at most 2. The offset masks noise that is softer than any speech.
        h = tf.math.log(tf.exp(log_mel_spectrogram(x)) + 1e-1)[..., tf.newaxis] / 5.0 + 0.5
        for conv in self.convs:
            h = conv(h)
        h = tf.reshape(tf.cast(h, tf.float32), [-1, self.num_features])
        return self.mu(h), self.sigma(h) + 1e-4

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"latent_dim": self.latent_dim, "dim": self.dim}

"""The encoder that a GAN of speech lacks: from recordings to its latents."""

from __future__ import annotations

import keras
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE
from latent_xlate.modalities.mel_spectrograms import log_mel_spectrogram

SHAPE = (128, 128, 1)
"""Of a log-mel spectrogram: frames, bands."""

NUM_CONVOLUTIONS = 5


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class SpeechEncoder(keras.Model):
    """Strided convolutions over the log-mel spectrogram, to a Gaussian posterior over z.

    Example:
        encoder = SpeechEncoder(latent_dim=32)
        mu, sigma = encoder(x)  # x float32 [batch, 16384], in [-1, 1]
    """

    def __init__(self, latent_dim: int = 100, dim: int = 16, **kwargs):
        """Makes the model; variables come with `build`.

        Args:
            latent_dim: Size of z.
            dim: Channels after the first convolution; those after it have 2, 4, 8 and 16 times as many.
            **kwargs: Passed to `keras.Model`.
        """
        # In low precision Keras would round the samples, whose quiet bands the logarithm magnifies.
        super().__init__(autocast=False, **kwargs)
        self.latent_dim = latent_dim
        self.dim = dim
        self.convs = [
            keras.layers.Conv2D(dim * 2**i, 4, 2, padding="same", activation="relu", dtype=self.dtype_policy)
            for i in range(NUM_CONVOLUTIONS)
        ]
        self.mu = keras.layers.Dense(latent_dim, dtype="float32")
        # Small at first, or the decoder sees noise, learns to heed z no more, and the posterior collapses.
        self.sigma = keras.layers.Dense(
            latent_dim, "softplus", bias_initializer=keras.initializers.Constant(-3.0), dtype="float32"
        )

    def build(self, input_shape=None):
        shape = (None, *SHAPE)
        for conv in self.convs:
            conv.build(shape)
            shape = conv.compute_output_shape(shape)
        self.num_features = shape[1] * shape[2] * shape[3]
        self.mu.build((None, self.num_features))
        self.sigma.build((None, self.num_features))
        self.built = True

    def call(self, x):
        """Posterior of recordings.

        Args:
            x: float32 [batch, 16384], samples at 16 kHz in [-1, 1].

        Returns:
            mu and sigma, float32 [batch, latent_dim] each.
        """
        # About 0 for silence, up to 2; the offset hides noise that is softer than any speech.
        h = tf.math.log(tf.exp(log_mel_spectrogram(x)) + 1e-1)[..., tf.newaxis] / 5.0 + 0.5
        for conv in self.convs:
            h = conv(h)
        h = tf.reshape(tf.cast(h, tf.float32), [-1, self.num_features])
        return self.mu(h), self.sigma(h) + 1e-4

    def get_config(self):
        return super().get_config() | {"latent_dim": self.latent_dim, "dim": self.dim}
